// Runs one Shelly script: each line of standard input is what happens on the plug (code to load, a
// tick of its timer, a request for an endpoint) with the status and uptime of that moment, each
// line of standard output what came of it.
const vm = require("vm");
const component = process.argv[2];
const endpoints = {};
let timer = null;
let moment = {};

const context = vm.createContext({
  Shelly: {
    getComponentStatus: (key) => (key === component ? moment.status : null),
    getUptimeMs: () => moment.uptime_ms,
  },
  HTTPServer: { registerEndpoint: (name, answer) => { endpoints[name] = answer; } },
  Timer: { set: (period_ms, repeat, call) => { timer = { period_ms, call }; } },
  print: () => undefined,
});

function happens(message) {
  moment = message;
  if (message.code) {
    vm.runInContext(message.code, context);
    return { period_ms: timer.period_ms };
  }
  if (message.tick) {
    timer.call();
    return {};
  }
  let said = { code: 404, body: "" };
  const response = { send: () => { said = { code: response.code, body: response.body }; } };
  if (endpoints[message.endpoint]) endpoints[message.endpoint]({ query: message.query }, response);
  return said;
}

let waiting = "";
process.stdin.on("data", (text) => {
  const lines = (waiting + text).split("\n");
  waiting = lines.pop();
  for (const line of lines) process.stdout.write(JSON.stringify(happens(JSON.parse(line))) + "\n");
});
