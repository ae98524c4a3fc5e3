// People of different dialects talk: node exchange.mjs <address> <a name nobody has> <messages of each conversation>.
// One group of colon, camel and kebab, and cookie one-to-one with each of them. Prints who said and heard what.

import { Camel, Colon, Cookie, Kebab, finish, until } from "./clients.mjs";

const [url, name, count] = process.argv.slice(2);
const people = { colon: new Colon(url), camel: new Camel(url), kebab: new Kebab(url), cookie: new Cookie(url) };
for (const [dialect, one] of Object.entries(people)) await one.register(`${name}-${dialect}`);
const { colon, camel, kebab, cookie } = people;
await Promise.all(Object.values(people).map((one) => one.open()));

const group = await colon.ok("POST", "/api/groups", { name: "All kinds", members: [camel.id, kebab.id] });
const pairs = {};
for (const dialect of ["colon", "camel"]) {
  const made = await people[dialect].ok("POST", "/api/chat", { participant_ids: [cookie.id] });
  pairs[dialect] = made.id;
}
const words = (message) => message.content ?? message.message;
const heardBy = (one) => one.messages(one.event).map(words);
const each = Array.from({ length: Number(count) }, (_, number) => number);

/** Says `texts[n]` as `speakers[n % speakers.length]`; everyone speaks without waiting for the others. */
async function talk(prefix, speakers) {
  const turns = speakers.map(() => []);
  for (const number of each) turns[number % speakers.length].push(`${prefix} ${number}`);
  await Promise.all(
    speakers.map(async (say, place) => {
      for (const text of turns[place]) await say(text);
    }),
  );
}

await talk("group", [
  (text) => colon.say(group.conversation_id, text),
  (text) => camel.say(group.conversation_id, text),
  (text) => kebab.say(group.id, text, true),
]);
await talk("colon", [(text) => cookie.say(colon.id, text), (text) => colon.say(pairs.colon, text)]);
await talk("camel", [(text) => cookie.say(camel.id, text), (text) => camel.say(pairs.camel, text)]);
await talk("kebab", [(text) => cookie.say(kebab.id, text), (text) => kebab.say(cookie.id, text)]);

const of = (one, prefix) => heardBy(one).filter((text) => text.startsWith(`${prefix} `)).length;
const total = each.length;
const own = (place, speakers) => each.filter((number) => number % speakers === place).length;
await until(() => of(colon, "group") === total && of(camel, "group") === total, "colon and camel hear the group");
await until(() => of(kebab, "group") === total - own(2, 3), "kebab hears the group");
for (const dialect of ["colon", "camel"]) {
  await until(() => of(people[dialect], dialect) === total, `${dialect} hears cookie`);
  await until(() => of(cookie, dialect) === total - own(0, 2), `cookie hears ${dialect}`);
}
await until(() => of(kebab, "kebab") === total - own(1, 2), "kebab hears cookie");
await until(() => of(cookie, "kebab") === total - own(0, 2), "cookie hears kebab");

const stored = {};
for (const [prefix, one, id] of [["group", colon, group.conversation_id], ["colon", colon, pairs.colon], ["camel", camel, pairs.camel]]) {
  const page = await one.ok("GET", `/api/chat/${id}/messages?limit=200`);
  stored[prefix] = page.items.map(words).filter((text) => text.startsWith(`${prefix} `));
}
const history = await cookie.call("GET", `/api/messages/${kebab.id}`);
stored.kebab = history.body.map(words);
const heard = Object.fromEntries(Object.entries(people).map(([dialect, one]) => [dialect, one.heard]));
const ids = Object.fromEntries(Object.entries(people).map(([dialect, one]) => [dialect, one.id]));
finish({ ids, group: { id: group.id, conversation_id: group.conversation_id }, pairs, heard, stored });
