// Starts the page: language and theme before the first paint, then the module. When the start fails
// or the program panics, it says so in place of a blank page and keeps the link.
// A classic script, so that it also runs where module scripts are refused.
(() => {
  "use strict";
  const { dataset } = document.currentScript;
  const root = document.documentElement;
  const texts = {
    en: {
      start: "Converge could not start",
      stop: "Converge stopped working",
      lost: "The page met a fault of its own. The link below keeps your experiment.",
      file: "Opened as a file, a page may not load its program. Run scripts/serve, or any static server, and open its address.",
      sandbox: "This frame forbids the page to load its program. Open the link in a tab of its own, or add allow-same-origin to the frame's sandbox.",
      old: "This browser does not run WebAssembly, or it is switched off.",
      net: "A part of the page did not load or start. Check the connection, or try a newer browser.",
      reload: "Reload", copy: "Copy the link", copied: "Copied.", link: "Link to this experiment",
      select: "Copying was refused. The link is selected: copy it by hand.",
    },
    "pt-BR": {
      start: "O Converge não conseguiu iniciar",
      stop: "O Converge parou de funcionar",
      lost: "A página encontrou uma falha própria. O link abaixo guarda seu experimento.",
      file: "Aberta como arquivo, a página não pode carregar seu programa. Execute scripts/serve, ou um servidor estático, e abra o endereço dele.",
      sandbox: "Este quadro proíbe a página de carregar seu programa. Abra o link numa aba própria, ou acrescente allow-same-origin ao sandbox do quadro.",
      old: "Este navegador não executa WebAssembly, ou ele está desativado.",
      net: "Uma parte da página não carregou ou não iniciou. Verifique a conexão, ou tente um navegador mais novo.",
      reload: "Recarregar", copy: "Copiar o link", copied: "Copiado.", link: "Link deste experimento",
      select: "A cópia foi recusada. O link está selecionado: copie-o à mão.",
    },
  };

  let settings = {};
  try {
    settings = JSON.parse(localStorage.getItem("converge.settings")) || {};
  } catch {} // Storage refused, or written by another version: as if there were none.
  const asked = (name) => RegExp(`[#?&]${name}=([\\w-]+)`).exec(location.hash)?.[1];
  const known = (tag) => (/^pt\b/i.test(tag) ? "pt-BR" : /^en\b/i.test(tag) && "en");
  root.lang = [asked("lang"), settings.lang, ...(navigator.languages || [])].map(known).find(Boolean) || "en";
  root.dataset.theme = [asked("theme"), settings.theme].find((name) => /^(light|dark)$/.test(name))
    || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

  const ready = new Promise((done) => addEventListener("DOMContentLoaded", done));

  let shown = false;
  async function fail(title, why, detail) {
    if (shown) return;
    shown = true;
    const link = location.href; // Now: whatever happens to the address while the page is prepared.
    await ready;
    const t = texts[known(root.lang)] || texts.en;
    const make = (tag, props, ...inside) => {
      const element = Object.assign(document.createElement(tag), props);
      element.append(...inside);
      return element;
    };
    const heading = make("h1", { tabIndex: -1 }, t[title]);
    const field = make("input", { id: "crash-link", readOnly: true, value: link, onfocus: () => field.select() });
    const said = make("p", { role: "status" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(link);
        said.textContent = t.copied;
      } catch {
        field.focus();
        said.textContent = t.select;
      }
    };
    const page = make("div", { id: "crash" }, make("main", { className: "crash-text" },
      heading, make("p", {}, t[why]), make("pre", {}, String(detail)),
      make("label", { htmlFor: field.id }, t.link), field,
      make("button", { onclick: () => location.reload() }, t.reload), make("button", { onclick: copy }, t.copy), said));
    document.getElementById("boot")?.remove();
    // What is left of the app stays for a report, out of sight and reach.
    for (const child of document.body.children) child.hidden = child.inert = true;
    document.body.append(page);
    heading.focus();
  }

  addEventListener("converge-panic", (event) => fail("stop", "lost", event.detail));
  // What traps without a panic: an exhausted stack or memory.
  const trap = (what) => window.WebAssembly && what instanceof WebAssembly.RuntimeError && fail("stop", "lost", what);
  addEventListener("error", (event) => trap(event.error));
  addEventListener("unhandledrejection", (event) => trap(event.reason));

  // A part of the texts of a language, beside the module: what belongs to no pattern, or a pattern's.
  // Asked for anew (a text can change where the module did not).
  const texts_of = async (lang, which) => {
    if (kept[lang + which]) return kept[lang + which];
    const name = which === "common" ? `texts/${lang}.txt` : `texts/${lang}/${which}.txt`;
    const answer = await fetch(new URL(name, document.baseURI), { cache: "no-cache" });
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    const text = await answer.text();
    // Cut off on the way, or a host's own page in its place.
    if (!text.trimEnd().endsWith("[end]")) throw new Error(`${name} is not whole`);
    // With the scenarios' titles their patterns are shown, which the second part of the module has.
    // Without it nobody could take them: they stay on their way, and the first page goes on as it is.
    if (name.endsWith("/more.txt") && (await joined) === false) await new Promise(() => {});
    return (kept[lang + which] = text);
  };
  const kept = {};
  let joined; // Once the first page has painted: when the second part is there, or could not be had.
  // The pattern that the address opens, if it names one; else the one that the first page shows.
  const opened = () => /^#\/lab\/([\w-]+)/.exec(location.hash)?.[1] || dataset.home;

  // The styles of what comes after the first page. The page waits for them where the address asks for more,
  // and goes on without them rather than not at all.
  let dressed;
  const dress = () => dressed ||= new Promise((done) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: dataset.more, onload: done, onerror: done });
    document.head.append(link);
  });

  // The page's module may be cut in two (scripts/split). The second part is fetched once the first has
  // painted, or beside it where the address asks for more than the first page; when something of it is
  // wanted before it is there, it is loaded on the spot.
  let glue;
  let compiled; // The second part, before it is joined to the first.
  const part = dataset.later && new URL(dataset.later, document.baseURI);
  const join = () => {
    const first = glue.initSync();
    if (first.there.value) return;
    new WebAssembly.Instance(compiled, { first });
    first.there.value = 1;
  };
  const follow = async () => {
    const answer = await fetch(part);
    if (!answer.ok) throw new Error(`${part.pathname}: ${answer.status}`);
    compiled ||= await WebAssembly.compile(await answer.arrayBuffer());
  };
  window.convergeLater = {
    load() {
      try {
        if (!compiled) {
          const request = new XMLHttpRequest();
          request.open("GET", part, false);
          // Bytes as letters: all that a request that waits may ask for.
          request.overrideMimeType("text/plain; charset=x-user-defined");
          request.send();
          if (request.status !== 200) throw new Error(`${part.pathname}: ${request.status}`);
          compiled = new WebAssembly.Module(Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0)));
        }
        join();
      } catch (error) {
        fail("stop", "net", error);
        throw error;
      }
    },
  };

  (async () => {
    const lang = root.lang;
    const pattern = opened();
    const more = /^#\/./.test(location.hash); // More than the first page.
    // What fails of the last two the app asks for again. There may be no such pattern: the headings know.
    const own = (common, which) => common.includes(`\n[${pattern}]\n`) && texts_of(lang, which).catch(() => "");
    const aside = `${pattern}-more`; // What only the lab's own page says of it.
    const [module, common, rest] = await Promise.all([
      import(new URL(dataset.js, document.baseURI)),
      texts_of(lang, "common").then(async (common) => [
        common,
        ...(await Promise.all([own(common, pattern), more && own(common, aside)])),
      ]),
      more && texts_of(lang, "more").catch(() => ""),
      ready,
      ...(more ? [dress(), part && follow()] : []),
    ]);
    glue = module;
    window.convergeTexts = { lang, files: { common: common[0], [pattern]: common[1] || "", [aside]: common[2] || "", more: rest || "" }, fetch: texts_of };
    const start = glue.default;
    await start({ module_or_path: new URL(dataset.wasm, document.baseURI) });
    // A failure here is nobody's concern yet: the part is asked for again when it is wanted.
    joined = new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
      .then(() => {
        dress();
        return part && (compiled || follow());
      })
      .then(() => part && join())
      .then(() => true, () => false);
  })().catch((error) => fail("start",
    location.protocol === "file:" ? "file"
      : !window.WebAssembly || /unsafe-eval/.test(error) ? "old"
      : origin === "null" ? "sandbox" : "net", error));
})();
