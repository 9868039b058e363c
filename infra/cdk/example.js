// An app that watches a table: LASTWRITER_PACKAGE=../../target/package LASTWRITER_STREAMS='{"us-east-1": "arn:...", "eu-west-1": "arn:..."}'
// npx cdk deploy --app "node example.js" --all

import { App } from "aws-cdk-lib";

import { watchTable } from "./lastwriter.js";

const app = new App();
watchTable(app, {
  packageDir: process.env.LASTWRITER_PACKAGE ?? "../../target/package",
  // The primary Region first. `aws dynamodb describe-table --table-name orders --query Table.LatestStreamArn`, in each Region.
  streams: JSON.parse(process.env.LASTWRITER_STREAMS ?? "{}"),
  environment: process.env.LASTWRITER_ENV ?? "dev",
  parameters: {
    processor: { LedgerRetentionDays: "60" },
    alarms: { IndexNames: "GSI1", ConflictsThreshold: "5" },
  },
});
app.synth();
