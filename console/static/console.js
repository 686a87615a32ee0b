"use strict";

const MARGIN_MS = 10_000;
const MOST_RETURNS = 3;
const YEAR_SECONDS = 31_536_000;

// With a way to sign in that leaves this page, and what is typed in it, as it is.
function say(text, signsIn = false) {
  const status = document.getElementById("status");
  status.textContent = text;
  if (signsIn) {
    const link = { href: "/sign-in?next=/", target: "_blank", rel: "opener", textContent: "Sign in in another tab" };
    status.append(" ", Object.assign(document.createElement("a"), link));
  }
  status.hidden = !text;
}

// The server shows times in this zone after the viewer switches to it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `akako_browser_zone=${zone}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;

// Live updates: an element with data-refresh is fetched again every so many seconds, while the tab is visible.
const live = document.querySelector("[data-refresh]");
let refreshed = Date.now();
function refresh() {
  if (document.hidden) return;
  refreshed = Date.now();
  document.body.dispatchEvent(new Event("refresh"));
}
if (live) {
  const every = Number(live.dataset.refresh) * 1000;
  setInterval(refresh, every);
  document.addEventListener("visibilitychange", () => Date.now() - refreshed >= every && refresh());
}
// What the last complaint was about: an answer about something else does not end it.
let complained;
document.addEventListener("htmx:before:swap", (event) => {
  const ctx = event.detail.ctx;
  const status = ctx?.response?.status ?? 0;
  if (status < 400) return complained === ctx?.sourceElement && say("");
  // A form that was refused is shown with the reason, unless the page that refuses has no place for it.
  if (ctx.target?.id === "main" && status !== 401 && status < 500) return;
  event.preventDefault();
  complained = ctx?.sourceElement;
  const next = pause(complained);
  if (status === 401) return say(`Your session has expired. ${next}`, true);
  const why = new DOMParser().parseFromString(ctx?.text ?? "", "text/html").querySelector(".note.bad")?.textContent;
  say(why ?? `This page could not be updated (${status}).`);
});
document.addEventListener("htmx:error", (event) => {
  complained = event.detail.ctx?.sourceElement;
  pause(event.detail.ctx?.sourceElement);
  say("This page could not be updated: the console does not answer.");
});

// A slash moves to the search of everything, as long as nothing is being typed.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.activeElement?.matches("input, textarea, select")) return;
  event.preventDefault();
  document.querySelector(".find input").focus();
});

// A file that is chosen is read into the text field of the same form, and sent from there.
for (const input of document.querySelectorAll("input[type=file][data-into]")) {
  input.addEventListener("change", async () => {
    document.getElementById(input.dataset.into).value = await input.files[0].text();
  });
}

// Whoever enters an end means it, and not the preset beside it.
for (const input of document.querySelectorAll("[data-chooses]")) {
  input.addEventListener("input", () => { if (input.value) document.getElementById(input.dataset.chooses).value = "time"; });
}

// The address of a search follows the form, so that it can be copied, and found again with "back".
document.addEventListener("htmx:after:swap", (event) => {
  const form = event.detail.ctx?.sourceElement;
  if (!form?.matches?.("form[data-url]")) return;
  const filled = [...new FormData(form)].filter(([, value]) => value);
  history.replaceState(null, "", `${form.getAttribute("action")}?${new URLSearchParams(filled)}`);
});

// Work on everything that matches goes on slice by slice, until it is stopped.
let stopped = false;
let sent = "";
function showStop() {
  const stop = document.querySelector("[data-stop]");
  if (stop) stop.textContent = stopped ? "Go on" : "Stop";
}
setInterval(() => {
  const form = document.querySelector("form[data-continue]");
  if (!form || stopped || form.elements.cursor.value === sent) return;
  sent = form.elements.cursor.value;
  form.dispatchEvent(new Event("continue"));
}, 200);
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-stop]")) return;
  stopped = !stopped;
  showStop();
});
// A slice that failed is sent again by "Go on". Returns what the viewer does after the cause is removed.
function pause(source) {
  if (!source?.matches?.("form[method=post]")) return "This page is updated again afterwards.";
  if (!source.matches("[data-continue]")) return "Nothing was changed: send the form again afterwards.";
  stopped = true;
  sent = "";
  showStop();
  return "Nothing was lost: select Go on afterwards.";
}
document.addEventListener("htmx:after:swap", (event) => {
  showStop();
  // The button that was pressed may be gone; the keyboard goes on in the answer, not at the top of the page.
  const isAnswer = event.detail.ctx?.request?.method === "POST";
  if (isAnswer && document.activeElement === document.body) document.getElementById("main").focus();
});

// A double click sends a form once. htmx does the same for its forms, by hx-sync.
const underWay = new Set();
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (underWay.has(event.target)) return event.preventDefault();
  underWay.add(event.target);
  setTimeout(() => underWay.delete(event.target), MARGIN_MS);
});
addEventListener("pageshow", () => underWay.clear());

function clerk() {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    (function look() {
      if (window.Clerk) return resolve(window.Clerk);
      if (Date.now() - started > MARGIN_MS) return reject(new Error("ClerkJS was not loaded"));
      setTimeout(look, 20);
    })();
  });
}

// ClerkJS keeps the session cookie fresh while a page is open.
async function withSession() {
  if (!document.querySelector("script[data-clerk-publishable-key]")) return;
  const element = document.getElementById("session");
  const action = element?.dataset.session;
  const show = (text) => element && (element.textContent = text);
  try {
    const Clerk = await clerk();
    await Clerk.load({ telemetry: false });
    if (action === "sign-out") return await Clerk.signOut(() => undefined);
    if (!action) return;
    const token = Clerk.session && (await Clerk.session.getToken({ skipCache: true }));
    if (action === "renew") {
      if (!token) return;
      show("Your session was renewed. Nothing was changed yet: send the form again.");
      document.querySelector("#kept button")?.focus();
      document.getElementById("sign-in").hidden = true;
      return;
    }
    if (!token) return await Clerk.redirectToSignIn({ signInForceRedirectUrl: location.href, signUpForceRedirectUrl: location.href });
    // Returning again and again means that the console refuses a session that Clerk accepts.
    const returns = JSON.parse(sessionStorage.getItem("akako_returns") ?? "[]").filter((at) => Date.now() - at < MARGIN_MS);
    if (returns.length >= MOST_RETURNS) {
      document.getElementById("continue").hidden = false;
      return show("You are signed in at Clerk, but the console does not accept the session. Check CLERK_ISSUER, CONSOLE_URL and the clock of the host.");
    }
    sessionStorage.setItem("akako_returns", JSON.stringify([...returns, Date.now()]));
    location.replace(element.dataset.next);
  } catch (error) {
    show(`Signing in does not work: ${error.message}. Load this page again, or check that CLERK_ISSUER can be reached.`);
  }
}
addEventListener("load", withSession);
