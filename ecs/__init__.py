"""The deploy tool: one command from this repository to a healthy service on Amazon ECS Fargate."""
