"""How a function over a stream is usually written in Python: Powertools for the batch, boto3 for images and metrics.

It compares the count of one Region, sends one metric a batch, and keeps nothing.
"""

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from boto3.dynamodb.types import TypeDeserializer

STAMP = "lw:n:us-east-1"

cloudwatch = boto3.client("cloudwatch")
processor = BatchProcessor(event_type=EventType.DynamoDBStreams)
deserializer = TypeDeserializer()


def item(image):
    return {name: deserializer.deserialize(value) for name, value in image.items()}


def handler(event, context):
    changed = 0

    def record_handler(record: DynamoDBRecord):
        nonlocal changed
        old = item(record.dynamodb.get("OldImage", {}))
        new = item(record.dynamodb.get("NewImage", {}))
        changed += new.get(STAMP, 0) > old.get(STAMP, 0)

    answer = process_partial_response(event, record_handler, processor, context)
    cloudwatch.put_metric_data(
        Namespace="Bench", MetricData=[{"MetricName": "Records", "Unit": "Count", "Value": changed}]
    )
    return answer
