/** Files of this computer as `data:` addresses, small enough for the body of a request. */

/** A body ends at 100 kB; the rest of it needs some room. */
export const MOST_CHARACTERS = 92_000;

/** Sides to which a picture is reduced until it is small enough, and how much may be lost. */
const SIDES = [1600, 1280, 1024, 800, 640, 480];
const QUALITIES = [0.85, 0.7, 0.55];

/** A picture as a JPEG that is small enough. */
export async function shrunk(file: Blob): Promise<string | undefined> {
  const picture = await createImageBitmap(file);
  for (const side of SIDES) {
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const context = canvas.getContext('2d');
    if (!context) return undefined;
    // What is transparent would become black.
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (const quality of QUALITIES) {
      const address = canvas.toDataURL('image/jpeg', quality);
      if (address.length <= MOST_CHARACTERS) return address;
    }
  }
  return undefined;
}

/** A file as it is, if it is small enough. */
export function whole(file: Blob): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const address = String(reader.result);
      resolve(address.length <= MOST_CHARACTERS ? address : undefined);
    };
    reader.onerror = () => reject(reader.error ?? new Error('the file cannot be read'));
    reader.readAsDataURL(file);
  });
}
