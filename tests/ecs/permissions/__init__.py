"""What each call of the tool asks of IAM, what each identity may do, and IAM's decision, without AWS."""
