FROM python:3.11-slim AS builder
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN pip install --require-hashes -r requirements/build.txt \
    && python -m venv --without-pip /opt/akako \
    && pip --python /opt/akako/bin/python install --require-hashes -r requirements/runtime.txt
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /build/wheels . ./sdk/python \
    && pip --python /opt/akako/bin/python install --no-deps /build/wheels/*.whl

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin akako
COPY --from=builder /opt/akako /opt/akako
ENV PATH=/opt/akako/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 10001
EXPOSE 8000
CMD ["python", "-m", "webhooks"]
