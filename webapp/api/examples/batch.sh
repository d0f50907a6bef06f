printf 'home_size,unit\n900,sqft\n"4,000",sqft\n100,m2\n' |
  curl -s 'http://localhost:8000/api/predict/batch?errors=report' \
    -H 'Content-Type: text/csv' --data-binary @-
