// Runs on a Shelly plug (Gen2 or later) while joulelab measures: keeps the newest KEPT readings of
// COMPONENT, one every PERIOD_MS, and hands out up to ROWS of them at
// /script/<id>/samples?since=<number of the first one wanted>.
// joulelab writes those four names above this text.
let times = [];
let powers = [];
let totals = [];
let count = 0;

// Uptime is never set, as the time of day may be; older firmware has no milliseconds of it.
function now() {
  if (Shelly.getUptimeMs) return Shelly.getUptimeMs();
  return Date.now();
}

function sample() {
  let status = Shelly.getComponentStatus(COMPONENT);
  if (!status || typeof status.apower !== "number") return;
  let slot = count % KEPT;
  times[slot] = now();
  powers[slot] = status.apower;
  totals[slot] = status.aenergy.total;
  count = count + 1;
}

function oldest() {
  return count > KEPT ? count - KEPT : 0;
}

HTTPServer.registerEndpoint("samples", function (request, response) {
  let first = Number((request.query || "since=0").split("=")[1]);
  if (!(first >= oldest())) first = oldest();
  let rows = [];
  for (let n = first; n < count && rows.length < ROWS; n++) {
    rows.push([times[n % KEPT], powers[n % KEPT], totals[n % KEPT]]);
  }
  let status = Shelly.getComponentStatus(COMPONENT);
  response.code = 200;
  response.headers = [["Content-Type", "application/json"]];
  response.body = JSON.stringify({
    first: first,
    count: count,
    rows: rows,
    apower: status.apower,
    total: status.aenergy.total,
    now_ms: now(),
  });
  response.send();
});

Timer.set(PERIOD_MS, true, sample);
sample();
