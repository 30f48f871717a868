// Validate custom resources by the schemas of @kubernetes-models.
//
//     node custom_resources.mjs NODE_MODULES < objects.json
//
// A list of objects goes in; for each, a list of what is wrong with it comes out.  The
// schemas accept unknown fields, but read every field that they know: a field that was
// not read is unknown.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const SCHEMAS = {
  GRPCRoute: "gateway-api/_schemas/IoK8sSigsGatewayApiApisV1GRPCRoute.js",
  PodMonitor:
    "prometheus-operator/_schemas/ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoringV1PodMonitor.js",
  PrometheusRule:
    "prometheus-operator/_schemas/ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoringV1PrometheusRule.js",
  ScaledObject: "keda/_schemas/ComGithubKedacoreKedaV2ApisKedaV1alpha1ScaledObject.js",
};

// Return a value whose fields, when they are read, leave their paths in a set.
function watched(value, path, read) {
  if (value === null || typeof value !== "object") return value;
  return new Proxy(value, {
    get(target, key) {
      const whole = `${path}/${String(key)}`;
      read.add(whole);
      return watched(target[key], whole, read);
    },
  });
}

function* paths(value, path = "") {
  if (value === null || typeof value !== "object") return;
  for (const key of Object.keys(value)) {
    yield `${path}/${key}`;
    yield* paths(value[key], `${path}/${key}`);
  }
}

async function wrong(object) {
  const file = join(process.argv[2], "@kubernetes-models", SCHEMAS[object.kind]);
  const { validate } = await import(pathToFileURL(file));
  const read = new Set();
  const errors = validate(watched(object, "", read))
    ? []
    : validate.errors.map((error) => `${error.instancePath} ${error.keyword}`);
  const unknown = [...paths(object)].filter((path) => !read.has(path));
  return [...errors, ...unknown.map((path) => `${path} unknown`)];
}

const objects = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await Promise.all(objects.map(wrong))));
