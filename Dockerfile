ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
COPY requirements/serve.txt /tmp/serve.txt
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/serve.txt

FROM ${BASE}
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    APP_ENV=production \
    BIND_HOST=0.0.0.0 \
    PORT=8000
COPY --from=build /venv /venv
WORKDIR /app
COPY gunicorn.conf.py ./
COPY model ./model
COPY static ./static
COPY templates ./templates
COPY webapp ./webapp
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=2)"]
CMD ["gunicorn"]
