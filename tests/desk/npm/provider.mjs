// A provider of OpenID Connect for the tests: `node provider.mjs PORT CLIENT SECRET BACK END`.
// Whoever signs in as NAME is NAME, with that mailbox; `unproved…` has a mailbox that nobody has verified.
// NAME@2 is another subject of the same name, as when it was given to somebody else.
import Provider from "oidc-provider";

const [port, client, secret, back, end] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [back], post_logout_redirect_uris: [end] }],
  claims: { email: ["email", "email_verified"], profile: ["preferred_username"] },
  pkce: { required: () => true },
  cookies: { keys: [secret] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id.split("@")[0]}@school.example.cn`,
      email_verified: !id.startsWith("unproved"),
      preferred_username: id.split("@")[0],
    }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
