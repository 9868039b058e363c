// How a function over a stream is usually written in Node: Powertools for the batch, the SDK for images and metrics. It
// compares the count of one Region, sends one metric a batch, and keeps nothing.

const { BatchProcessor, EventType, processPartialResponse } = require("@aws-lambda-powertools/batch");
const { CloudWatchClient, PutMetricDataCommand } = require("@aws-sdk/client-cloudwatch");
const { AwsSmithyRpcV2CborProtocol } = require("@aws-sdk/core/protocols");
const { unmarshall } = require("@aws-sdk/util-dynamodb");

const STAMP = "lw:n:us-east-1";

// CloudWatch takes CBOR, too, and the one on this machine takes nothing else: the SDK would choose JSON.
const cloudwatch = new CloudWatchClient({ protocol: AwsSmithyRpcV2CborProtocol });
const processor = new BatchProcessor(EventType.DynamoDBStreams);

exports.handler = async (event, context) => {
  let changed = 0;

  const recordHandler = async (record) => {
    const before = unmarshall(record.dynamodb.OldImage ?? {});
    const after = unmarshall(record.dynamodb.NewImage ?? {});
    if ((after[STAMP] ?? 0) > (before[STAMP] ?? 0)) changed += 1;
  };

  const answer = await processPartialResponse(event, recordHandler, processor, { context });
  await cloudwatch.send(
    new PutMetricDataCommand({
      Namespace: "Bench",
      MetricData: [{ MetricName: "Records", Unit: "Count", Value: changed }],
    }),
  );
  return answer;
};
