extension DocumentationPage {
  /// The script: reads the document, shows its calls, and makes them. Everything it shows is put in as text.
  static let scriptText = #"""
    "use strict";
    const maximumShown = 200000;
    let document_ = {};

    function make(name, attributes, ...children) {
      const element = document.createElement(name);
      for (const [key, value] of Object.entries(attributes || {})) {
        if (value === true) element.setAttribute(key, "");
        else if (value !== false && value != null) element.setAttribute(key, value);
      }
      element.append(...children.filter(child => child != null));
      return element;
    }

    function resolve(schema) {
      let steps = 0;
      while (schema && schema.$ref && steps++ < 10) {
        schema = schema.$ref.slice(2).split("/").reduce((part, key) => (part || {})[key], document_);
      }
      return schema || {};
    }

    function range(least, most, unit) {
      const words = least != null && most != null ? least + " to " + most
        : least != null ? least + " or more" : most != null ? "up to " + most : "";
      return words && unit ? words + " " + unit : words;
    }

    function typeText(schema) {
      schema = resolve(schema);
      const types = [].concat(schema.type || (schema.enum ? "one of" : "anything"));
      let text = types.map(type => type === "array" && schema.items
        ? "list of " + typeText(schema.items) : type).join(" or ");
      if (schema.format) text += " (" + schema.format + ")";
      if (schema.enum) text += ": " + schema.enum.map(value => JSON.stringify(value)).join(", ");
      if (schema.const !== undefined) text = JSON.stringify(schema.const);
      const bounds = [
        range(schema.minimum, schema.maximum, ""), range(schema.minLength || null, schema.maxLength, "letters"),
        range(schema.minItems || null, schema.maxItems, "elements"),
      ].filter(Boolean);
      return bounds.length ? text + ", " + bounds.join(", ") : text;
    }

    function members(schema, depth) {
      schema = resolve(schema);
      if (schema.type === "array" || (Array.isArray(schema.type) && schema.type.includes("array"))) {
        return members(schema.items, depth);
      }
      if (!schema.properties || depth > 5) return null;
      const list = make("ul", { class: "schema" });
      for (const [name, part] of Object.entries(schema.properties)) {
        const isRequired = (schema.required || []).includes(name);
        list.append(make("li", {}, make("code", {}, name), " — " + typeText(part) + (isRequired ? "" : ", optional")
          + (resolve(part).description ? ". " + resolve(part).description : ""), members(part, depth + 1)));
      }
      return list;
    }

    function sample(schema, depth) {
      schema = resolve(schema);
      if (schema.example !== undefined) return schema.example;
      if (schema.default !== undefined) return schema.default;
      if (schema.enum) return schema.enum[0];
      switch ([].concat(schema.type)[0]) {
      case "object": {
        const value = {};
        if (depth < 5) for (const [name, part] of Object.entries(schema.properties || {})) value[name] = sample(part, depth + 1);
        return value;
      }
      case "array": return depth < 5 && schema.items ? [sample(schema.items, depth + 1)] : [];
      case "integer": case "number": return Math.max(0, schema.minimum || 0);
      case "boolean": return true;
      case "null": return null;
      default: return "text";
      }
    }

    function field(id, label, control, hint) {
      control.id = id;
      return make("div", { class: "field" }, make("label", { for: id }, label), control,
        hint ? make("p", { class: "hint" }, hint) : null);
    }

    async function readBody(response) {
      if (!response.body) return ["", false];
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      let text = "";
      while (true) {
        const { done, value } = await reader.read();
        if (done) return [text + decoder.decode(), false];
        text += decoder.decode(value, { stream: true });
        if (text.length > maximumShown) { reader.cancel(); return [text.slice(0, maximumShown), true]; }
      }
    }

    function pretty(text, type, isCut) {
      if (isCut || !/json/.test(type) || /ndjson/.test(type)) return text;
      // Numbers that JavaScript would round, such as a bigint, are shown as they came.
      if (/[0-9]{16}/.test(text)) return text;
      try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
    }

    async function send(method, path, operation, inputs, output, button) {
      let target = path;
      const query = [];
      const headers = {};
      for (const { parameter, control } of inputs.parameters) {
        const value = control.value;
        if (parameter.in === "path") target = target.replace("{" + parameter.name + "}", encodeURIComponent(value));
        else if (value !== "" && parameter.in === "query") query.push(encodeURIComponent(parameter.name) + "=" + encodeURIComponent(value));
        else if (value !== "" && parameter.in === "header") headers[parameter.name] = value;
      }
      if (inputs.accept) headers["Accept"] = inputs.accept.value;
      const token = document.getElementById("token").value;
      if (operation.security && token) headers["Authorization"] = "Bearer " + token;
      const options = { method: method.toUpperCase(), headers };
      if (inputs.body) { options.body = inputs.body.value; headers["Content-Type"] = inputs.type; }
      await call(target.slice(1) + (query.length ? "?" + query.join("&") : ""), options, output, button);
    }

    async function call(target, options, output, button) {
      button.disabled = true;
      output.replaceChildren(make("p", {}, "Asking …"));
      const began = performance.now();
      try {
        const response = await fetch(target, options);
        const type = response.headers.get("content-type") || "";
        const [text, isCut] = await readBody(response);
        const time = Math.round(performance.now() - began);
        const lines = [...response.headers].map(([name, value]) => name + ": " + value).join("\n");
        const parts = [
          make("p", { class: response.ok ? "good" : "bad" }, make("strong", {}, String(response.status)), " "
            + response.statusText + " — " + time + " ms"),
          make("p", { class: "hint" }, options.method + " /" + target),
          make("pre", { tabindex: "0" }, text === "" ? "(no body)" : pretty(text, type, isCut)),
          isCut ? make("p", { class: "hint" }, "The rest is not shown.") : null,
        ];
        const next = /<([^>]*)>;\s*rel="next"/.exec(response.headers.get("link") || "");
        if (next) {
          const more = make("button", { type: "button" }, "Next page");
          more.addEventListener("click", () => call(next[1].replace(/^\//, ""), options, output, more));
          parts.push(more);
        }
        parts.push(make("details", {}, make("summary", {}, "Fields of the answer"), make("pre", { tabindex: "0" }, lines)));
        output.replaceChildren(...parts.filter(part => part));
      } catch (error) {
        output.replaceChildren(make("p", { class: "bad" }, "The call failed: " + error.message));
      }
      button.disabled = false;
    }

    function showCall(path, method, operation) {
      const id = operation.operationId;
      const inputs = { parameters: [] };
      const form = make("form", {});
      for (const parameter of operation.parameters || []) {
        const control = make("input", { type: "text", autocomplete: "off", required: parameter.required,
          value: parameter.example != null ? String(parameter.example) : "" });
        inputs.parameters.push({ parameter, control });
        form.append(field(id + "-" + parameter.name, parameter.name + (parameter.required ? " *" : ""), control,
          [parameter.description, "(" + typeText(parameter.schema) + ")"].filter(Boolean).join(" ")));
      }
      const content = (operation.requestBody || {}).content;
      if (content) {
        inputs.type = Object.keys(content)[0];
        const body = content[inputs.type];
        inputs.body = make("textarea", { spellcheck: "false" });
        inputs.body.value = JSON.stringify(body.example !== undefined ? body.example : sample(body.schema, 0), null, 2);
        form.append(field(id + "-body", "body", inputs.body, inputs.type), members(body.schema, 0) || "");
      }
      const good = Object.entries(operation.responses).find(([status]) => status.startsWith("2"));
      const types = good ? Object.keys(good[1].content || {}) : [];
      if (types.length > 1) {
        inputs.accept = make("select", {}, ...types.map(type => make("option", {}, type)));
        form.append(field(id + "-accept", "Accept", inputs.accept));
      }
      const button = make("button", { type: "submit" }, "Try it");
      const output = make("div", { role: "region", "aria-live": "polite", "aria-label": "Answer" });
      form.append(button);
      form.addEventListener("submit", event => {
        event.preventDefault();
        send(method, path, operation, inputs, output, button);
      });
      const answers = make("table", {});
      for (const [status, answer] of Object.entries(operation.responses)) {
        const kinds = Object.entries(answer.content || {});
        const cell = make("td", {}, answer.description || "");
        if (kinds.length) cell.append(make("p", { class: "hint" }, kinds.map(([type]) => type).join(", ")));
        if (kinds.length && status !== "default" && !/problem/.test(kinds[0][0])) {
          cell.append(make("p", { class: "hint" }, typeText(kinds[0][1].schema)), members(kinds[0][1].schema, 0) || "");
        }
        answers.append(make("tr", {}, make("td", {}, status), cell));
      }
      const call = make("details", { class: "call", id: "call-" + id });
      call.append(
        make("summary", {}, make("span", { class: "method " + method }, method.toUpperCase()),
          make("span", { class: "path" }, path), make("span", { class: "title" }, operation.summary || "")),
        make("div", { class: "inside" }, make("p", {}, operation.description || ""), form, output,
          make("h3", {}, "Answers"), answers));
      call.dataset.text = (method + " " + path + " " + (operation.summary || "")).toLowerCase();
      return call;
    }

    function show() {
      const calls = document.getElementById("calls");
      document.title = document_.info.title;
      document.getElementById("title").replaceChildren(document_.info.title + " ", make("small", {}, document_.info.version));
      document.getElementById("about").textContent = document_.info.description || "";
      const schemes = (document_.components || {}).securitySchemes;
      document.getElementById("token-tools").hidden = !schemes;
      const groups = new Map();
      for (const [path, operations] of Object.entries(document_.paths)) {
        for (const [method, operation] of Object.entries(operations)) {
          const tag = (operation.tags || ["calls"])[0];
          if (!groups.has(tag)) groups.set(tag, []);
          groups.get(tag).push(showCall(path, method, operation));
        }
      }
      calls.replaceChildren();
      for (const [tag, list] of groups) calls.append(make("section", {}, make("h2", {}, tag), ...list));
      const chosen = location.hash && document.getElementById(location.hash.slice(1));
      if (chosen) { chosen.open = true; chosen.scrollIntoView(); }
      calls.addEventListener("toggle", event => {
        if (event.target.classList.contains("call") && event.target.open) history.replaceState(null, "", "#" + event.target.id);
      }, true);
    }

    const filter = document.getElementById("filter");
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase();
      for (const call of document.querySelectorAll("details.call")) call.hidden = !call.dataset.text.includes(wanted);
      for (const section of document.querySelectorAll("section")) {
        section.hidden = !section.querySelector("details.call:not([hidden])");
      }
    });
    document.addEventListener("keydown", event => {
      if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
        event.preventDefault();
        filter.focus();
      }
    });

    fetch("openapi.json").then(async response => {
      const json = await response.json();
      if (!response.ok) throw new Error(json.detail || response.statusText);
      document_ = json;
      show();
    }).catch(error => {
      document.getElementById("state").textContent = "The description cannot be shown: " + error.message;
    });

    """#
}
