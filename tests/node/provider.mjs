// A real OpenID provider for the tests: node provider.mjs <port> <redirect address>. It writes "ready" when it
// serves, and ends with its standard input. Whoever signs in as "ada" is ada@example.org, with any password.
import { Provider } from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "chatapp-tests",
      client_secret: "a secret of the tests",
      redirect_uris: [redirect],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.org`,
      email_verified: !id.startsWith("unverified"),
      name: `${id[0].toUpperCase()}${id.slice(1)} of the provider`,
      picture: `https://pictures.example/${id}.png`,
    }),
  }),
  cookies: { keys: ["of the tests"] },
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
process.stdin.on("end", () => process.exit()).resume();
