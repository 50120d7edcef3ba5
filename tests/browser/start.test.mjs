// The page starts wherever it is put, and never stays blank where it cannot.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { DIST, launch } from "./harness.mjs";

const frame = (attributes = "") =>
  `<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,"><iframe title="lab" width="800" height="600" ${attributes} src="/deep/sub/path/#/kept"></iframe>`;

const atRoot = await launch();
const below = await launch({
  prefix: "/deep/sub/path/",
  pages: { "/frame.html": frame(), "/sandbox.html": frame('sandbox="allow-scripts"') },
});
after(async () => {
  await atRoot.close();
  await below.close();
});

const clean = (tab) => {
  assert.deepEqual(tab.errors, [], "no console error, no exception");
  assert.deepEqual(tab.foreign(), [], "no request leaves the origin");
};

const crashed = async (tab, where = tab.page) => {
  assert.equal(await tab.started(where), "crash");
  assert.ok((await where.locator("#crash h1").innerText()).length > 5);
  assert.equal(await where.locator("#crash button").count(), 2);
};

for (const [name, lab] of [["at the root of a host", atRoot], ["below a path", below]]) {
  test(`starts under a strict policy ${name}`, async () => {
    const tab = await lab.open();
    assert.equal(await tab.started(), "app");
    assert.ok((await tab.page.locator("body").innerText()).trim().length > 0, "something is shown");
    clean(tab);
    await lab.server.idle();
    assert.deepEqual(lab.server.requests.filter(({ status }) => status !== 200), []);
    const paths = lab.server.requests.map(({ path }) => path);
    assert.deepEqual(paths, [...new Set(paths)], "what is preloaded is also used: nothing is fetched twice");
    assert.deepEqual(tab.warnings, []);
    await tab.close();
  });
}

test("starts in a frame of another page", async () => {
  const tab = await below.open("/frame.html");
  const inner = tab.page.frames()[1];
  assert.equal(await tab.started(inner), "app");
  clean(tab);
  await tab.close();
});

test("says so in a frame that forbids it to load its program", async () => {
  const tab = await below.open("/sandbox.html");
  const inner = tab.page.frames()[1];
  await crashed(tab, inner);
  assert.match(await inner.locator("#crash").innerText(), /frame/);
  assert.match(await inner.locator("#crash input").inputValue(), /#\/kept$/);
  await tab.close();
});

test("says so when it is opened as a file", async () => {
  const tab = await atRoot.open(pathToFileURL(`${DIST}/index.html`).href, { lang: "pt-BR" });
  await crashed(tab);
  assert.match(await tab.page.locator("#crash").innerText(), /arquivo/);
  await tab.close();
});

test("says so without JavaScript, in both languages", async () => {
  const tab = await atRoot.open("", { javaScript: false });
  const text = await tab.page.locator("#boot").innerText();
  assert.match(text, /switch JavaScript on/);
  assert.match(text, /Ative o JavaScript/);
  await tab.close();
});

test("takes language and theme from the browser, the settings and the address, in rising order", async (t) => {
  const seen = (tab) => tab.page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]);
  t.after(atRoot.server.mend);
  // Before the app could have a say: its module never comes.
  atRoot.server.fail(/\.wasm$/, 404);
  const tab = await atRoot.open("", { lang: "pt-PT", theme: "dark" });
  assert.deepEqual(await seen(tab), ["pt-BR", "dark"]);
  await tab.page.evaluate(() => localStorage.setItem("converge.settings", '{"lang":"en","theme":"light"}'));
  await tab.page.reload();
  assert.deepEqual(await seen(tab), ["en", "light"]);
  await tab.page.goto(`${atRoot.server.url}#/lab/x?lang=pt-BR&theme=dark`);
  await tab.page.reload();
  assert.deepEqual(await seen(tab), ["pt-BR", "dark"]);
  await tab.page.evaluate(() => localStorage.setItem("converge.settings", "}broken"));
  await tab.page.reload();
  assert.deepEqual(await seen(tab), ["pt-BR", "dark"]);
  await tab.close();
});

for (const how of [404, "abort", "cut"]) {
  test(`shows the error page, and keeps the recipe, when the module fails (${how})`, async (t) => {
    t.after(atRoot.server.mend);
    atRoot.server.fail(/\.wasm$/, how);
    const tab = await atRoot.open("#/lab/saga/textbook?seed=7", { lang: "pt-BR" });
    await crashed(tab);
    assert.equal(await tab.page.locator("html").getAttribute("lang"), "pt-BR");
    assert.match(await tab.page.locator("#crash h1").innerText(), /não conseguiu iniciar/);
    assert.equal(await tab.page.locator("#crash input").inputValue(), `${atRoot.server.url}#/lab/saga/textbook?seed=7`);

    // "Reload" comes back to the same recipe once the fault is gone.
    atRoot.server.mend();
    await tab.page.getByRole("button", { name: "Recarregar" }).click();
    assert.equal(await tab.started(), "app");
    assert.match(tab.page.url(), /#\/lab\/saga\/textbook/);
    await tab.close();
  });
}

for (const how of [404, "abort", "cut"]) {
  test(`shows the error page when the texts of its language do not come (${how})`, async (t) => {
    t.after(atRoot.server.mend);
    atRoot.server.fail(/texts\/en\.txt$/, how);
    const tab = await atRoot.open("#/kept");
    await crashed(tab);
    assert.match(await tab.page.locator("#crash input").inputValue(), /#\/kept$/);
    await tab.close();
  });

  test(`goes on in its language when the other one does not come (${how})`, async (t) => {
    t.after(atRoot.server.mend);
    const tab = await atRoot.open("");
    assert.equal(await tab.started(), "app");
    atRoot.server.fail(/texts\/pt-BR\.txt$/, how);
    const other = tab.page.getByRole("button", { name: /Português/ });
    await other.click();
    await tab.page.getByRole("alert").filter({ hasText: "did not load" }).waitFor();
    assert.equal(await tab.page.locator("html").getAttribute("lang"), "en");

    // Chosen again once the fault is gone, it comes.
    atRoot.server.mend();
    await other.click();
    await tab.page.locator("html[lang=pt-BR]").waitFor();
    assert.equal(await tab.page.getByRole("alert").filter({ hasText: "did not load" }).count(), 0);
    await tab.close();
  });
}

test("shows the error page when a script of the page is missing", async (t) => {
  t.after(atRoot.server.mend);
  atRoot.server.fail(/page-[^/]*\.js$/, 404);
  const tab = await atRoot.open("#/kept");
  await crashed(tab);
  assert.match(await tab.page.locator("#crash input").inputValue(), /#\/kept$/);
  await tab.close();
});

test("shows the error page on a panic, with its message and the link", async () => {
  const tab = await atRoot.open("#/lab/saga/textbook");
  assert.equal(await tab.started(), "app");
  const address = tab.page.url();
  await tab.page.evaluate(() => dispatchEvent(new CustomEvent("converge-panic", { detail: "panicked at 'on purpose'" })));
  await tab.page.locator("#crash").waitFor();
  assert.equal(await tab.page.locator("#crash h1").innerText(), "Converge stopped working");
  assert.match(await tab.page.locator("#crash pre").innerText(), /on purpose/);
  assert.equal(await tab.page.locator("#crash input").inputValue(), address);
  const visible = await tab.page.evaluate(() => [...document.body.children].filter((child) => !child.hidden).map((child) => child.id));
  assert.deepEqual(visible, ["crash"], "nothing else is left to use");

  // The clipboard is refused here, so the field offers the link instead.
  await tab.page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error("refused"));
  });
  await tab.page.getByRole("button", { name: "Copy the link" }).click();
  await tab.page.getByText("copy it by hand").waitFor();
  const selected = await tab.page.evaluate(() => {
    const { value, selectionStart, selectionEnd } = document.activeElement;
    return value.slice(selectionStart, selectionEnd);
  });
  assert.equal(selected, address);
  assert.deepEqual(await tab.axe(), []);
  await tab.close();
});

for (const [theme, lang] of [["light", "en"], ["dark", "pt-BR"]]) {
  test(`the error page can be used on a phone, ${theme}`, async (t) => {
    t.after(atRoot.server.mend);
    atRoot.server.fail(/\.wasm$/, 404);
    const tab = await atRoot.open("#/kept", { width: 360, height: 640, theme, lang, touch: true });
    await crashed(tab);
    assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scroll");
    assert.deepEqual(await tab.axe(), []);
    await tab.screenshot(`crash-360-${theme}-${lang}`);
    await tab.close();
  });
}

test("the live lab of the first page runs by the first part of the module alone", async (t) => {
  t.after(atRoot.server.mend);
  atRoot.server.fail(/\/later-/, 404);
  const tab = await atRoot.open("", { reducedMotion: true });
  assert.equal(await tab.started(), "app");
  const { page } = tab;
  const key = (name) => page.locator(`.transport [data-key="${name}"]`).first();
  const told = () => page.locator(".transport").first().innerText();
  const atStart = await told();
  await key("End").click();
  await page.locator(".card.mood-committed").first().waitFor();
  assert.notEqual(await told(), atStart);
  await key("←").click();
  await key("→").click();
  await key("Home").click();
  assert.equal(await told(), atStart);
  assert.equal(await page.locator("#crash").count(), 0);
  // What the first part lacks says so, and keeps the address.
  await page.goto(`${atRoot.server.url}#/lab/saga/shop?at=3`);
  await crashed(tab);
  assert.match(await page.locator("#crash input").inputValue(), /#\/lab\/saga\/shop/);
  await tab.close();
});
