output "ledger_table" {
  description = "The conflict ledger of this Region."
  value       = aws_cloudformation_stack.processor.outputs.LedgerTableName
}

output "topic_arn" {
  description = "Where this Region's alarms go."
  value       = aws_cloudformation_stack.processor.outputs.TopicArn
}

output "dashboard_url" {
  description = "This Region's dashboard."
  value       = aws_cloudformation_stack.dashboard.outputs.DashboardUrl
}
