printf '%s\n' {% for line in csv %}{{ line | quote }} {% endfor %}|
  curl -s '{{ origin }}/api/predict/batch?errors=report' \
    -H 'Content-Type: text/csv' --data-binary @-
