curl -s http://localhost:8000/api/predict \
  -H 'Content-Type: application/json' \
  -d '{"home_size": 1200}'
