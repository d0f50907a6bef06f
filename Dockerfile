# The base is an argument so that a release can pin it by digest: --build-arg BASE=python:3.13-slim-trixie@sha256:...
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS packages
# The kernel ignores signals for which process 1 has no handler yet, so a container could not be stopped while Python
# starts. tini as process 1 forwards signals from its first moment.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
COPY requirements/serve.txt /tmp/
# Byte code with the hash of its source, not its time, so that the same packages give the same files; unchecked at the
# start, because the files can't change. The single quotes let `check` expand its variables when it runs. Each stage
# puts what it gives into /out and sets the files' times, so that the same files give the same layer wherever it is
# built: a registry then has it already. (A folder copied into / keeps its time; the target of a copy may not.)
# hadolint ignore=SC2016
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --no-compile --disable-pip-version-check \
        --root-user-action ignore --require-hashes -r /tmp/serve.txt \
    && find /venv -type d -name tests -prune -exec rm -r {} + \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv \
    && printf '#!/bin/sh\nexec python -m model.check "${1:-${MODEL_DIR:-model/artifact}}"\n' > /venv/bin/check \
    && chmod 755 /venv/bin/check \
    && mkdir /out && mv /usr/bin/tini /venv/bin && mv /venv /out \
    && find /out -exec touch --no-dereference --date=@0 {} +

FROM ${BASE} AS app
WORKDIR /out/app
COPY gunicorn.conf.py ./
COPY model/*.py ./model/
COPY model/problem ./model/problem
COPY static ./static
COPY templates ./templates
COPY webapp ./webapp
# Make the files readable by all and writable by root only, whatever umask the checkout had.
RUN python -m compileall -q --invalidation-mode unchecked-hash . && chmod -R u=rwX,go=rX . \
    && find /out -exec touch --no-dereference --date=@0 {} +

FROM ${BASE} AS model
# The folder of the model, below model/.
ARG ARTIFACT=model/artifact
COPY ${ARTIFACT} /out/app/model/artifact
RUN chmod -R u=rwX,go=rX /out && find /out -exec touch --no-dereference --date=@0 {} +

FROM ${BASE}
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    BIND_HOST=0.0.0.0 \
    PORT=8000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-IS", "-c", "import http.client as h, os, sys; c = h.HTTPConnection(os.environ['BIND_HOST'], int(os.environ['PORT']), timeout=2); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["tini", "--"]
CMD ["gunicorn"]
# On Fargate a volume belongs to the image's user only if the image declares it. All other folders are read-only.
VOLUME ["/tmp"]
COPY --from=packages /out /
COPY --from=app /out /
# After the copy of the app, because some builders give a working directory to the user.
WORKDIR /app
USER 10001:10001
LABEL org.opencontainers.image.title="Perfect Puppy" \
      org.opencontainers.image.licenses="MIT"
# The last layer, so that a new model changes no other.
COPY --from=model /out /
