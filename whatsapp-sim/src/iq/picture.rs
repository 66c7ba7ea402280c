//! Requests about pictures: see one, show one, show none. A person's own and those of groups, which members see.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use crate::media;
use crate::picture::Sizes;
use crate::stanza;
use crate::world::chat::Chat;
use crate::world::connection::ConnectionId;
use crate::world::{DeviceRef, World};

/// Largest picture that a client may send; they scale theirs down to some 100 KB.
const MAX_PICTURE: usize = 2 * 1024 * 1024;
/// How many pictures of groups one request may name: what clients ask at most.
const MAX_NAMED: usize = 1000;

/// Whose picture a request is about.
fn owner(world: &World, who: DeviceRef, request: &Node) -> Option<Chat> {
    let named: Option<Jid> = stanza::jid(request, "target");
    let named = named.or_else(|| stanza::jid(request, "to").filter(|to| !to.user.is_empty()));
    named.map_or(Some(Chat::Person(who.number)), |jid| world.chat_of(&jid))
}

fn may_see(world: &World, who: DeviceRef, owner: Chat) -> bool {
    match owner {
        Chat::Person(number) => world.may_see_picture(number, who.number),
        Chat::Group(id) => world.group(id).is_ok_and(|group| group.role(who.number).is_some()),
        Chat::Status | Chat::Newsletter(_) => true,
    }
}

pub(super) fn get(world: &World, id: ConnectionId, who: DeviceRef, request: &Node) -> Node {
    let owner = owner(world, who, request);
    if owner.is_some_and(|owner| !may_see(world, who, owner)) {
        return stanza::refusal(request, 401, "not-authorized");
    }
    let picture = owner.and_then(|owner| world.picture(owner));
    let (Some(asked), Some(picture)) = (request.get_optional_child("picture"), picture) else {
        return stanza::refusal(request, 404, "item-not-found");
    };
    if stanza::attr(asked, "id").is_some_and(|known| known == picture.id) {
        // The client has it.
        return stanza::result(request, [NodeBuilder::new("picture").build()]);
    }
    let (kind, path) = match stanza::attr(asked, "type").as_deref() {
        Some("preview") => ("preview", &picture.preview),
        _ => ("image", &picture.image),
    };
    let answer = NodeBuilder::new("picture").attr("id", picture.id.as_str()).attr("type", kind);
    if stanza::attr(asked, "query").as_deref() == Some("url") {
        let url = media::url(world.media_host(id), path);
        return stanza::result(request, [answer.attr("url", url).attr("direct_path", path.as_str()).build()]);
    }
    match world.media.load(path) {
        Ok(bytes) => stanza::result(request, [answer.bytes(bytes).build()]),
        Err(_) => stanza::refusal(request, 404, "item-not-found"),
    }
}

/// The pictures of several groups; one that the asker may not see is answered without any.
pub(super) fn of_groups(world: &World, id: ConnectionId, who: DeviceRef, asked: &Node) -> Node {
    let pictures = asked.get_children_by_tag("picture").take(MAX_NAMED).filter_map(|asked| {
        let jid = stanza::jid(asked, "jid")?;
        let owner = world.chat_of(&jid).filter(|owner| may_see(world, who, *owner));
        let mut answer = NodeBuilder::new("picture").attr("jid", jid);
        if let Some(picture) = owner.and_then(|owner| world.picture(owner)) {
            let preview = stanza::attr(asked, "type").as_deref() == Some("preview");
            let path = if preview { &picture.preview } else { &picture.image };
            answer = answer.attr("id", picture.id.as_str()).attr("url", media::url(world.media_host(id), path));
            answer = answer.attr("direct_path", path.as_str());
        }
        Some(answer.build())
    });
    NodeBuilder::new("pictures").children(pictures.collect::<Vec<_>>()).build()
}

/// The picture in a request, scaled; `None` when the request brings none.
fn given(request: &Node) -> Option<Result<Sizes, ()>> {
    let bytes = request.get_optional_child("picture").and_then(stanza::bytes).filter(|bytes| !bytes.is_empty())?;
    Some(if bytes.len() > MAX_PICTURE { Err(()) } else { crate::picture::sizes(bytes).map_err(drop) })
}

pub(super) fn set(world: &mut World, who: DeviceRef, request: &Node) -> Node {
    let Ok(sizes) = given(request).transpose() else { return stanza::refusal(request, 406, "not-acceptable") };
    let set = match owner(world, who, request) {
        Some(Chat::Person(number)) if number == who.number => {
            world.set_own_picture(number, sizes.as_ref()).map_err(|error| {
                tracing::warn!(%error, "a picture cannot be stored");
                (507, "resource-limit")
            })
        }
        Some(Chat::Group(id)) => {
            world.set_group_picture(who, id, sizes.as_ref()).map_err(|error| (error.code(), error.text()))
        }
        _ => Err((403, "forbidden")),
    };
    match set {
        Ok(Some(id)) => stanza::result(request, [NodeBuilder::new("picture").attr("id", id).build()]),
        Ok(None) => stanza::result(request, []),
        Err((code, text)) => stanza::refusal(request, code, text),
    }
}
