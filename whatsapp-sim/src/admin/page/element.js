// Elements of the page. Texts enter it as text nodes only, whoever wrote them.

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

const rendered = new WeakMap();

/** Makes the children of a list show these items, and touches only those that changed. */
export function sync(list, items, key, render) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const wanted = new Set(items.map((item) => String(key(item))));
  for (const [id, child] of known) if (!wanted.has(id)) child.remove();
  let next = list.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    const text = JSON.stringify(item);
    let child = known.get(id);
    if (!child || rendered.get(child) !== text) {
      const fresh = render(item);
      fresh.dataset.key = id;
      rendered.set(fresh, text);
      if (child) {
        const focused = child.contains(document.activeElement) && document.activeElement.dataset.act;
        if (next === child) next = fresh;
        child.replaceWith(fresh);
        if (focused) fresh.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();
      }
      child = fresh;
      known.set(id, child);
    }
    if (child === next) next = next.nextElementSibling;
    else list.insertBefore(child, next);
  }
}
