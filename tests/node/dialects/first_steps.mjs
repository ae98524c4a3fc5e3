// Each client's first minutes: node first_steps.mjs <camel|kebab|cookie> <address> <a name nobody has>. Prints what it saw.

import { Camel, Cookie, Kebab, PASSWORD, finish, until } from "./clients.mjs";

const [dialect, url, name] = process.argv.slice(2);

async function camel() {
  const [ada, bob] = [new Camel(url), new Camel(url)];
  const registered = await ada.register(`${name}-ada`);
  await bob.register(`${name}-bob`);
  await Promise.all([ada.open(), bob.open()]);
  const conversation = await ada.ok("POST", "/api/chat", { participant_ids: [bob.id] });
  ada.socket.emit("connection", { userId: ada.id });
  const acknowledged = await ada.say(conversation.id, "Is the flat still free?");
  await until(() => bob.messages("receiveMessage").length && ada.messages("receiveMessage").length, "both hear it");
  const read = await bob.ok("GET", `/api/chat/${conversation.id}/messages`);
  return { ids: [ada.id, bob.id], registered, conversation, acknowledged, heard: [ada.heard, bob.heard], read };
}

async function kebab() {
  const [ada, bob] = [new Kebab(url), new Kebab(url)];
  const registered = await ada.register(`${name}-ada`);
  await bob.register(`${name}-bob`);
  await Promise.all([ada.open(), bob.open()]);
  const contact = await ada.ok("POST", "/user/add-contact", { contactId: bob.id });
  ada.say(bob.id, "Hey there!");
  await until(() => bob.messages("receive-message").length, "Bob hears it");
  const group = await ada.ok("POST", "/group/create", {
    name: "Friends",
    description: "Private",
    group_picture: "https://example.org/g.png",
    created_by: ada.id,
    members: [ada.id, bob.id],
  });
  bob.socket.emit("join-group", group.group.id);
  bob.say(group.group.id, "Hello all", true);
  await until(() => ada.messages("receive-message").some(({ content }) => content === "Hello all"), "Ada hears the group");
  const dashboard = await ada.ok("GET", "/user/dashboard");
  const seen = await bob.ok("GET", `/user/${ada.id}`);
  return { ids: [ada.id, bob.id], registered, contact, group, heard: [ada.heard, bob.heard], dashboard, seen };
}

async function cookie() {
  const [ada, bob] = [new Cookie(url), new Cookie(url)];
  const registered = await ada.register(`${name}-ada`);
  await bob.register(`${name}-bob`);
  const before = await ada.call("GET", `/api/messages/${bob.id}`);
  await Promise.all([ada.open(), bob.open()]);
  const users = await ada.call("GET", "/api/users");
  const sent = await ada.say(bob.id, "hi");
  await until(() => bob.messages("newMessage").length, "Bob hears it");
  await until(() => ada.messages("getOnlineUsers").length && bob.messages("getOnlineUsers").length, "who is online");
  const read = await bob.call("GET", `/api/messages/${ada.id}`);
  const cookieSet = ada.set;
  const out = await ada.call("POST", "/api/auth/logout");
  const revoked = await ada.call("GET", "/api/users");
  const login = await bob.call("POST", "/api/auth/login", { username: `${name}-ada`, password: PASSWORD }, { Cookie: "" });
  ada.keep(login);
  const again = await ada.call("GET", `/api/messages/${bob.id}`);
  const answers = { before, users, read, out, revoked, login, again };
  for (const [key, { status, body }] of Object.entries(answers)) answers[key] = { status, body };
  return { ids: [ada.id, bob.id], registered, cookieSet, sent, heard: [ada.heard, bob.heard], ...answers };
}

finish(await { camel, kebab, cookie }[dialect]());
