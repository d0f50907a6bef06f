wrk.method = "POST"
wrk.body = '{"home_size": 1200, "unit": "sqft"}'
wrk.headers["Content-Type"] = "application/json"
