// Package lastwriter stamps every write that the AWS SDK for Go v2 sends to a DynamoDB global table, so that writes lost to
// "last writer wins" can be found.
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	...
//	cfg.APIOptions = append(cfg.APIOptions, lastwriter.Stamp())
//	client := dynamodb.NewFromConfig(cfg)
//
// Every DynamoDB client that is made of the configuration is stamped, whoever makes it; clients of other services are left
// alone. It makes no request of its own, and neither the caller's structures nor their maps are changed.
package lastwriter
