"""The foundation: the CloudFormation stack that releases run in."""
