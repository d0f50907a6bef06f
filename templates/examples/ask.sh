curl -s {{ origin }}/api/predict \
  -H 'Content-Type: application/json' \
  -d {{ body | quote }}
