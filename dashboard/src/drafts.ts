/** What can be sent: one route for each kind, and what a message looks like until the server has it. */

import { api, ask, type Message } from './api/client';

export type Content =
  | { kind: 'text'; text: string }
  | { kind: 'image'; url: string; caption: string }
  | { kind: 'document'; url: string; filename: string; mimetype: string; caption: string }
  | { kind: 'audio'; url: string; ptt: boolean }
  | { kind: 'location'; latitude: number; longitude: number; name: string }
  | { kind: 'contact'; name: string; phone: string }
  | { kind: 'poll'; question: string; options: string[]; selectableCount: number };

export interface Draft {
  content: Content;
  replyTo: Message | undefined;
  preview: Message;
  /** The picture itself, while the server has no address for it. */
  picture?: string;
}

/** A draft of a message to a chat. */
export function draft(chat: string, content: Content, replyTo: Message | undefined): Draft {
  const isGroup = chat.endsWith('@g.us');
  const text = content.kind === 'text' ? content.text : null;
  const caption = 'caption' in content && content.caption !== '' ? content.caption : null;
  const preview: Message = {
    id: '',
    chatId: chat,
    fromMe: true,
    sender: chat,
    senderPhone: '',
    senderName: null,
    timestamp: Math.floor(Date.now() / 1000),
    type: content.kind === 'audio' && content.ptt ? 'ptt' : content.kind,
    content: shape(content),
    caption,
    mimetype: content.kind === 'document' ? content.mimetype : null,
    filename: content.kind === 'document' ? content.filename : null,
    mediaUrl: null,
    isGroup,
    quotedMessage: replyTo ? { id: replyTo.id, sender: replyTo.sender, text: replyTo.text ?? null } : null,
    from: '',
    to: chat,
    text: text ?? caption,
    pn: null,
    lid: null,
  };
  return { content, replyTo, preview, ...(content.kind === 'image' ? { picture: content.url } : {}) };
}

function shape(content: Content): Message['content'] {
  switch (content.kind) {
    case 'text':
      return content.text;
    case 'location':
      return { latitude: content.latitude, longitude: content.longitude, name: content.name };
    case 'contact':
      return { displayName: content.name, vcard: '' };
    case 'poll':
      return { question: content.question, options: content.options, selectableCount: content.selectableCount };
    default:
      return null;
  }
}

/** Sends a draft. The same key never sends it twice. */
export function send(sessionId: string, chatId: string, { content, replyTo }: Draft, key: string) {
  const params = { header: { 'Idempotency-Key': key } };
  const to = { sessionId, chatId, ...(replyTo ? { replyTo: replyTo.id } : {}) };
  switch (content.kind) {
    case 'text':
      return ask(api.POST('/api/whatsapp/chats/send-text', { params, body: { ...to, message: content.text } }));
    case 'image': {
      const body = { ...to, imageUrl: content.url, ...(content.caption ? { caption: content.caption } : {}) };
      return ask(api.POST('/api/whatsapp/chats/send-image', { params, body }));
    }
    case 'document': {
      const { filename, mimetype, caption } = content;
      const body = { ...to, documentUrl: content.url, filename, mimetype, ...(caption ? { caption } : {}) };
      return ask(api.POST('/api/whatsapp/chats/send-document', { params, body }));
    }
    case 'audio':
      return ask(api.POST('/api/whatsapp/chats/send-audio', { params, body: { ...to, audioUrl: content.url, ptt: content.ptt } }));
    case 'location': {
      const { latitude, longitude, name } = content;
      const body = { ...to, latitude, longitude, ...(name ? { name } : {}) };
      return ask(api.POST('/api/whatsapp/chats/send-location', { params, body }));
    }
    case 'contact': {
      const body = { ...to, contactName: content.name, contactPhone: content.phone };
      return ask(api.POST('/api/whatsapp/chats/send-contact', { params, body }));
    }
    case 'poll': {
      const { question, options, selectableCount } = content;
      return ask(api.POST('/api/whatsapp/chats/send-poll', { params, body: { ...to, question, options, selectableCount } }));
    }
  }
}
