// Checks Kubernetes manifests against the types of the npm package kubernetes-models, strictly: wrong types and missing fields as the
// package finds them, and fields that no type knows (which the API server would drop or refuse).
// Usage: node validate.cjs FILE … ; prints one line a finding, then "N checked", and kinds without a type as "unchecked KIND".
const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

// The packages lie where infra/setup.sh installed them.
const load = createRequire(path.join(process.env.PARIS_KUBERNETES_TOOLS ?? __dirname, "package.json"));
const yaml = load("yaml");

/** Remembers which fields a validator looked at: what it never asked for is unknown to the type. */
function recorder(value, at, asked) {
  if (value === null || typeof value !== "object") return value;
  const children = new Map();
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === "symbol" || !Object.hasOwn(target, key)) return target[key];
      asked.add(`${at}/${key}`);
      if (!children.has(key)) children.set(key, recorder(target[key], `${at}/${key}`, asked));
      return children.get(key);
    },
  });
}

function* fields(value, at) {
  if (value === null || typeof value !== "object") return;
  for (const key of Object.keys(value)) {
    yield `${at}/${key}`;
    yield* fields(value[key], `${at}/${key}`);
  }
}

function type(apiVersion, kind) {
  try {
    return load(`kubernetes-models/${apiVersion}`)[kind];
  } catch {
    return undefined;
  }
}

let checked = 0;
for (const file of process.argv.slice(2)) {
  for (const document of yaml.parseAllDocuments(fs.readFileSync(file, "utf8"))) {
    for (const error of document.errors) console.log(`${file}: ${error.message}`);
    const manifest = document.toJS();
    if (!manifest) continue;
    const name = `${path.basename(file)} ${manifest.kind}/${manifest.metadata?.name}`;
    const known = type(manifest.apiVersion, manifest.kind);
    if (!known) {
      console.log(`unchecked ${manifest.apiVersion}/${manifest.kind}`);
      continue;
    }

    checked++;
    const asked = new Set();
    try {
      known.prototype.validate.call(recorder(manifest, "", asked));
    } catch (error) {
      for (const e of error.errors ?? [{ message: error.message }]) console.log(`${name}: ${e.instancePath ?? ""} ${e.message ?? e.keyword}`);
    }

    const parents = [];
    for (const field of fields(manifest, "")) {
      // The package's generator takes a field named description for a comment.
      if (asked.has(field) || field === "/description" || parents.some((p) => field.startsWith(p))) continue;
      parents.push(`${field}/`);
      console.log(`${name}: ${field} is no field of the type`);
    }
  }
}

console.log(`${checked} checked`);
