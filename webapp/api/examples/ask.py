import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

request = Request(
    "http://localhost:8000/api/predict",
    data=json.dumps({"home_size": 110, "unit": "m2"}).encode(),
    headers={"Content-Type": "application/json"},
)
try:
    with urlopen(request, timeout=10) as response:
        puppy = json.load(response)
    print(f"{puppy['name']}, {puppy['probability']:.0%}")
except HTTPError as error:
    print(json.load(error)["detail"])
