internal import CassandraHTTP

/// The page that shows the document: three files without anything from elsewhere.
enum DocumentationPage {
  static let html = file("text/html; charset=utf-8", page)
  static let script = file("text/javascript; charset=utf-8", scriptText)
  static let style = file("text/css; charset=utf-8", styleText)
  static let location = lines([("Location", "/docs")])

  /// The page may use what stands beside it, ask the API, and nothing else; no other page may frame it.
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    + "form-action 'none'; frame-ancestors 'none'"

  private static func file(_ type: String, _ text: String) -> Response {
    Response(
      contentType: lines([("Content-Type", type)]).first, bytes: Array(text.utf8),
      fields: lines([
        ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-cache"),
      ]))
  }

  private static func lines(_ fields: [(FieldName, String)]) -> [FieldLine] {
    fields.map { name, value in
      guard let line = try? FieldLine(name, value) else { preconditionFailure("a fixed value is a valid one") }
      return line
    }
  }

  private static let page = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>API</title>
    <link rel="stylesheet" href="docs/page.css">
    <script src="docs/page.js" defer></script>
    </head>
    <body>
    <header>
    <h1 id="title">API</h1>
    <p id="about"></p>
    <p class="tools">
    <label for="filter">Find a call</label> <input id="filter" type="search" autocomplete="off" placeholder="press / to search">
    <span id="token-tools" hidden><label for="token">Bearer token</label> <input id="token" type="password" autocomplete="off"></span>
    <a href="openapi.json">openapi.json</a>
    </p>
    </header>
    <main id="calls"><p id="state" role="status">The description is on its way …</p></main>
    <noscript><p>This page needs its script; <a href="openapi.json">the document</a> can be read without.</p></noscript>
    </body>
    </html>

    """#

  private static let styleText = #"""
    :root {
      color-scheme: light dark;
      --ground: #fbfbf9; --panel: #ffffff; --ink: #1d2227; --quiet: #59636e; --line: #d9dcdf; --accent: #0b6157;
      --get: #1a5fb4; --post: #1f7a3d; --put: #8a5a00; --patch: #7a4a9c; --delete: #b3261e; --code: #f1f2ef;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #14171a; --panel: #1c2024; --ink: #e6e8ea; --quiet: #a3acb5; --line: #353b41; --accent: #67d4c5;
        --get: #82b4f5; --post: #78d394; --put: #e3b45c; --patch: #cfa4ee; --delete: #f2938c; --code: #24292e;
      }
    }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 60rem; background: var(--ground); color: var(--ink);
      font: 1rem/1.5 system-ui, sans-serif; }
    h1 { font-size: 1.6rem; margin: 0; }
    h1 small { font-size: .9rem; font-weight: normal; color: var(--quiet); }
    h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; text-transform: capitalize; }
    h3 { font-size: .95rem; margin: 1.2rem 0 .4rem; }
    a { color: var(--accent); }
    p { margin: .4rem 0; }
    .tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin-top: 1rem; }
    input, select, textarea, button { font: inherit; color: inherit; background: var(--panel);
      border: 1px solid var(--line); border-radius: .35rem; padding: .35rem .5rem; max-width: 100%; }
    button { background: var(--accent); color: var(--panel); border-color: var(--accent); padding: .4rem 1.2rem;
      cursor: pointer; font-weight: 600; }
    button:disabled { opacity: .5; cursor: default; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    details.call { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; }
    details.call > summary { padding: .6rem .8rem; cursor: pointer; display: flex; flex-wrap: wrap; gap: .2rem .8rem;
      align-items: baseline; list-style: none; }
    details.call > summary::-webkit-details-marker { display: none; }
    .method { font: 700 .85rem ui-monospace, monospace; min-width: 4rem; }
    .get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); }
    .patch { color: var(--patch); } .delete { color: var(--delete); }
    .path { font: 600 .95rem ui-monospace, monospace; overflow-wrap: anywhere; }
    .title { color: var(--quiet); }
    .inside { padding: 0 .8rem .9rem; border-top: 1px solid var(--line); }
    .field { display: grid; grid-template-columns: 11rem 1fr; gap: .2rem .8rem; margin: .5rem 0; align-items: start; }
    .field label { font: .9rem ui-monospace, monospace; padding-top: .4rem; overflow-wrap: anywhere; }
    .field .hint { grid-column: 2; }
    .hint { color: var(--quiet); font-size: .85rem; margin: 0; overflow-wrap: anywhere; }
    textarea { width: 100%; min-height: 10rem; font: .85rem/1.45 ui-monospace, monospace; resize: vertical; }
    pre { background: var(--code); border-radius: .35rem; padding: .7rem; overflow: auto; max-height: 26rem; margin: .4rem 0;
      font: .82rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
    table { border-collapse: collapse; width: 100%; font-size: .9rem; }
    td { border-top: 1px solid var(--line); padding: .35rem .6rem .35rem 0; vertical-align: top; }
    td:first-child { white-space: nowrap; font-family: ui-monospace, monospace; }
    ul.schema { margin: .2rem 0; padding-left: 1.1rem; font-size: .88rem; }
    ul.schema code { font-weight: 600; }
    code { font-family: ui-monospace, monospace; font-size: .95em; }
    .bad { color: var(--delete); } .good { color: var(--post); }
    @media (max-width: 40rem) {
      .field { grid-template-columns: 1fr; } .field .hint { grid-column: 1; }
      .tools { align-items: stretch; flex-direction: column; }
      details.call > summary { padding: .7rem; }
      button { width: 100%; padding: .6rem; }
    }

    """#
}
