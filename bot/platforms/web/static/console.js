// What a page needs beyond HTML and htmx: the end of the history, the command box's keys, local times, the dialog.
"use strict";
const $ = (selector) => document.querySelector(selector);
const line = $("#line"), reading = $("#history"), completions = $("#completions"), problem = $("#problem");

// --- the end of the history: stay there if there, else say that something is new ---
const gap = () => reading.scrollHeight - reading.scrollTop - reading.clientHeight;
let atEnd = true;
reading.addEventListener("scroll", () => {
  atEnd = gap() < 80;
  if (atEnd) $("#to-end").hidden = true;
});
function toEnd() {
  reading.scrollTop = reading.scrollHeight;
  // A card taller than the window is read from its first line.
  const above = $("#messages").lastElementChild?.getBoundingClientRect().top - reading.getBoundingClientRect().top;
  if (above < 0) reading.scrollTop += above - 12;
}
$("#to-end").addEventListener("click", () => { toEnd(); line.focus(); });
let count = $("#messages").childElementCount;
function afterChange() {
  const grown = $("#messages").childElementCount > count;
  count = $("#messages").childElementCount;
  if (atEnd) toEnd();
  else if (grown) $("#to-end").hidden = false;
}
addEventListener("resize", () => atEnd && toEnd());

// --- local times beside UTC ---
const near = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const far = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const distance = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
function ago(at) {
  const seconds = (at - Date.now()) / 1000, size = Math.abs(seconds);
  const [unit, length] = size < 60 ? ["second", 1] : size < 3600 ? ["minute", 60] : size < 86400 ? ["hour", 3600] : ["day", 86400];
  return distance.format(Math.round(seconds / length), unit);
}
function localTimes() {
  for (const time of document.querySelectorAll("time")) {
    const at = new Date(time.dateTime), beside = time.querySelector("[data-local]");
    if (!beside) continue;
    const words = [];
    const form = at.getDate() === at.getUTCDate() ? near : far;
    if (at.getTimezoneOffset()) words.push(`${form.format(at)} your time`);
    if ("relative" in time.dataset) words.push(ago(at));
    const text = words.length ? ` (${words.join(", ")})` : "";
    if (beside.textContent !== text) beside.textContent = text;
  }
}
setInterval(localTimes, 20000);

// --- the command box: completions, and what was typed before ---
const options = () => [...completions.querySelectorAll("[role=option]")];
const selected = () => completions.querySelector("[aria-selected=true]");
function select(option) {
  selected()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) line.setAttribute("aria-activedescendant", option.id);
  else line.removeAttribute("aria-activedescendant");
}
function close() {
  completions.replaceChildren();
  line.setAttribute("aria-expanded", "false");
  select(null);
}
function accept(option) {
  line.value = option.dataset.line;
  close();
  htmx.trigger(line, "complete");
}
completions.addEventListener("mousedown", (event) => {
  event.preventDefault();
  const option = event.target.closest("[role=option]");
  if (option) accept(option);
});
line.addEventListener("blur", close);

const said = JSON.parse(sessionStorage.getItem("said") || "[]");
let back = 0;
function recall(step) {
  back = Math.max(0, Math.min(said.length, back + step));
  line.value = back ? said[said.length - back] : "";
}
line.addEventListener("keydown", (event) => {
  const open = options(), at = open.indexOf(selected());
  const walk = (to) => select(open[(to + open.length) % open.length]);
  // A late answer may have opened completions over what was recalled: the keys go on through what was said.
  if (event.key === "ArrowDown" && back && at < 0) { close(); recall(-1); }
  else if (event.key === "ArrowDown" && open.length) walk(at + 1);
  else if (event.key === "ArrowUp" && open.length && !back) walk(at < 0 ? -1 : at - 1);
  else if (event.key === "ArrowUp") { close(); recall(1); }
  else if (event.key === "ArrowDown") { line.value ||= "/"; htmx.trigger(line, "complete"); }
  else if (event.key === "Tab" && !event.shiftKey && open.length) accept(open[Math.max(at, 0)]);
  else if (event.key === "Enter" && at >= 0) accept(open[at]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});
line.addEventListener("input", () => { back = 0; select(null); });

// --- requests: the box empties at once, and is filled again if nothing arrived ---
const isComposer = (event) => event.detail.ctx?.sourceElement?.id === "composer";
document.addEventListener("htmx:config:request", (event) => {
  if (event.detail.ctx.sourceElement.id === "live") return;
  if (event.detail.ctx.request.method === "POST") {
    problem.textContent = "";
    atEnd = true;
  }
  if (!isComposer(event)) return;
  said.push(line.value);
  sessionStorage.setItem("said", JSON.stringify(said.slice(-100)));
  back = 0;
  line.value = "";
  htmx.trigger(line, "htmx:abort");
  close();
});
function failed(event) {
  if (isComposer(event) && !line.value) line.value = said.at(-1);
  if (event.type === "htmx:error" && event.detail.ctx?.request.method === "POST")
    problem.textContent = "Lifeboat did not answer. Try again: it is done once, even if it had arrived.";
}
document.addEventListener("htmx:error", failed);
document.addEventListener("htmx:response:error", failed);

// --- one press, however the hand trembles: a double click is one, and so is a key held down ---
document.addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest("form button")) event.preventDefault();
}, true);
document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter") event.preventDefault();
}, true);

// --- after every change of the page ---
document.addEventListener("htmx:after:swap", (event) => {
  localTimes();
  const dialog = $("#dialog dialog:not([open])");
  if (dialog) {
    dialog.addEventListener("close", () => { dialog.remove(); line.focus(); });
    dialog.showModal();
  }
  if (event.detail.ctx.target === completions) {
    if (document.activeElement !== line) close();
    line.setAttribute("aria-expanded", String(options().length > 0));
  }
  if (document.activeElement === document.body) line.focus({ preventScroll: true });
  afterChange();
});

// --- the live connection ---
const live = $("#live"), connection = $("#connection");
const lost = () => { connection.textContent = "Reconnecting…"; };
live.addEventListener("htmx:sse:before:connection", (event) => event.detail.connection.attempt && lost());
live.addEventListener("htmx:error", lost);
live.addEventListener("htmx:sse:after:connection", () => { connection.textContent = ""; });
live.addEventListener("htmx:sse:error", (event) => { if (event.detail.status === 401) location.reload(); });
live.addEventListener("reload", () => location.reload());

localTimes();
// Who was led to one message stays there.
if (location.hash) reading.dispatchEvent(new Event("scroll"));
else toEnd();
