// The packaged templates (make package) as CDK stacks. There is no second set of resources: each stack includes a template as it is,
// under the name that the make commands give it, so that `make status`, `logs` and `redrive` find it.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Aws, Fn, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { StringParameter } from "aws-cdk-lib/aws-ssm";

const STREAM = /^arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):([0-9]{12}):table\/([a-zA-Z0-9_.-]{3,255})\/stream\/.+$/;

/**
 * What stands for a table in names that must be short and lower case (infra/templates/INTERFACE.md, Names).
 *
 * @param {string} table
 * @returns {string}
 */
export function labelOf(table) {
  if (/^[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?$/.test(table)) return table;
  const trimmed = (text) => text.replace(/^-+|-+$/g, "");
  const plain = trimmed(trimmed(table.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/-+/g, "-")).slice(0, 8));
  return `${plain}-${createHash("sha256").update(table).digest("hex").slice(0, 6)}`.replace(/^-+/, "");
}

/**
 * Watch a global table: in each Region of `streams` a key, a processor, a reporter, alarms and a dashboard.
 *
 * `streams` has each replica's LatestStreamArn by Region, the primary Region first. Every replica has a stream of its own;
 * CloudFormation and CDK know only the one of the Region that a table's stack is in, DescribeTable knows each.
 *
 * @param {import("constructs").Construct} scope
 * @param {object} options
 * @param {string} options.packageDir the folder that `make package` wrote
 * @param {Record<string, string>} options.streams by Region
 * @param {string} [options.project] first part of every name
 * @param {"dev" | "staging" | "prod"} [options.environment] second part of every name
 * @param {Record<string, string>} [options.keyArns] by Region, a KMS key of yours in place of one of our own
 * @param {Partial<Record<"processor" | "reporter" | "alarms" | "dashboard", Record<string, string>>>} [options.parameters]
 *     further parameters of the templates (INTERFACE.md)
 * @returns {Record<string, Record<string, Stack>>} the stacks by Region and part
 */
export function watchTable(scope, options) {
  const { packageDir, streams, project = "lastwriter", environment = "dev", keyArns = {}, parameters = {} } = options;
  const regions = Object.keys(streams);
  const { table, account } = checked(streams);
  const manifest = JSON.parse(readFileSync(join(packageDir, "manifest.json"), "utf8"));
  const label = labelOf(table);
  const name = `${project}-${environment}-${label}`;
  const common = { ProjectName: project, Environment: environment, TableLabel: label };

  const include = (stack, template, given) => {
    const { key, parameters: known } = manifest.templates[template];
    const unknown = Object.keys(given).filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`${template}.yaml has no parameter ${unknown.join(", ")}. INTERFACE.md lists them.`);
    return new CfnInclude(stack, "Template", { templateFile: join(packageDir, key), parameters: { ...common, ...given } });
  };
  // A zip goes into the bucket that `cdk bootstrap` made in the Region.
  const code = (stack, name) => {
    const { key, architecture } = manifest.functions[name];
    const asset = new Asset(stack, "Code", { path: join(packageDir, key) });
    return { CodeBucket: asset.s3BucketName, CodeKey: asset.s3ObjectKey, Architecture: architecture };
  };

  const made = {};
  for (const region of regions) {
    const stacks = {};
    const stack = (part) => {
      stacks[part] = new Stack(scope, `${name}-${part}-${region}`, { stackName: `${name}-${part}`, env: { account, region } });
      return stacks[part];
    };

    // Each Region's key is a primary of its own: what it encrypts never leaves the Region.
    const keyArn = keyArns[region] ?? include(stack("key"), "encryption-key", {}).getResource("PrimaryKey").attrArn;

    const processorStack = stack("processor");
    const processor = include(processorStack, "stream-processor", {
      StartingPosition: "LATEST",
      ...parameters.processor,
      TableName: table,
      StreamArn: streams[region],
      Replicas: String(regions.length),
      KeyArn: keyArn,
      ...code(processorStack, "stream-processor"),
    });
    // Not an export: CloudFormation refuses to change an export in use, and a mapping has to be replaceable (make rejudge says why).
    const mappingId = `/${project}/${environment}/${label}/event-source-mapping-id`;
    new StringParameter(processorStack, "EventSourceMappingId", {
      parameterName: mappingId,
      stringValue: Fn.conditionIf("HasMapping", processor.getResource("EventSourceMapping").ref, "none").toString(),
    });

    const reporterStack = stack("reporter");
    include(reporterStack, "table-reporter", {
      ...parameters.reporter,
      TableName: table,
      KeyArn: keyArn,
      ...code(reporterStack, "table-reporter"),
    });

    const watched = (inStack) => {
      inStack.addStackDependency(processorStack);
      const id = StringParameter.valueForStringParameter(inStack, mappingId);
      return { TableName: table, Regions: regions.join(","), EventSourceMappingId: id };
    };
    const alarms = stack("alarms");
    include(alarms, "alarms", {
      // While writers begin to stamp one by one an alarm on the others would be on from the first minute (COMMANDS.md, make attach).
      UnstampedWritesPercent: "100",
      ...parameters.alarms,
      ...watched(alarms),
      TopicArn: parameters.processor?.AlarmTopicArn ?? `arn:${Aws.PARTITION}:sns:${region}:${account}:${name}-alarms`,
    });
    const dashboard = stack("dashboard");
    include(dashboard, "dashboard", { ...parameters.dashboard, ...watched(dashboard), PrimaryRegion: regions[0] });
    made[region] = stacks;
  }
  return made;
}

/** The table and the account that the streams belong to: one of each, and each stream of the Region that it stands for. */
function checked(streams) {
  const found = Object.entries(streams).map(([region, arn]) => {
    const parts = STREAM.exec(arn);
    if (parts === null) throw new Error(`${arn} (${region}) is no stream's ARN. DescribeTable gives it as LatestStreamArn, in each Region.`);
    if (parts[1] !== region) throw new Error(`The stream ${arn} is of ${parts[1]}, not of ${region}: each replica has its own.`);
    return { account: parts[2], table: parts[3] };
  });
  if (found.length < 2) throw new Error("A global table has two replicas at least: name each Region's stream.");
  const one = (name) => {
    const values = [...new Set(found.map((each) => each[name]))];
    if (values.length !== 1) throw new Error(`The streams are of several ${name}s (${values.join(", ")}): watch one ${name} at a time.`);
    return values[0];
  };
  return { table: one("table"), account: one("account") };
}
