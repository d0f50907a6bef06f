import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

request = Request(
    "{{ origin }}/api/predict",
    data=json.dumps({{ python }}).encode(),
    headers={"Content-Type": "application/json"},
)
try:
    with urlopen(request, timeout=10) as response:
        answer = json.load(response)
    print(f"{answer['name']}, {answer['probability']:.0%}")
except HTTPError as error:
    print(json.load(error)["detail"])
