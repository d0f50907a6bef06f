"""The foundation: the CloudFormation stack that a release stands on."""
