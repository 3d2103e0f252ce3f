"""The application of the 2018 article "Multitenancy with Flask", written anew for the versions that Debian 12
has: a General database lists the tenants, every tenant has a database of its own, the list of names is cached
for five minutes, and GET /<tenant>/users answers with that tenant's users.

    gunicorn --workers 2 'application:create_application("mysql+pymysql://root@127.0.0.1:3306")'
"""

import json
import time

from flask import Flask, Response, abort
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker

CACHE_SECONDS = 300
database = SQLAlchemy()


class Tenant(database.Model):
    __tablename__ = "tenantry_tenants"
    id = database.Column(database.String(36), primary_key=True)
    name = database.Column(database.String(100))


class User(database.Model):
    __tablename__ = "users"
    id = database.Column(database.Integer, primary_key=True)
    username = database.Column(database.String(100))


def create_application(server):
    application = Flask(__name__)
    application.config["SQLALCHEMY_DATABASE_URI"] = f"{server}/General"
    database.init_app(application)
    known = {"names": frozenset(), "until": 0.0}
    sessions = {}

    def names():
        if time.monotonic() > known["until"]:
            rows = database.session.execute(database.select(Tenant.name)).scalars()
            known.update(names=frozenset(rows), until=time.monotonic() + CACHE_SECONDS)
        return known["names"]

    def session_of(name):
        if name not in names():
            abort(404)
        if name not in sessions:
            sessions[name] = scoped_session(sessionmaker(bind=create_engine(f"{server}/{name}")))
        return sessions[name]

    @application.get("/<name>/users")
    def users(name):
        session = session_of(name)
        try:
            found = [user.username for user in session.query(User).order_by(User.id)]
        finally:
            session.remove()
        body = json.dumps({name: found}, separators=(",", ":"), ensure_ascii=False)
        return Response(body, mimetype="application/json")

    @application.get("/ready")
    def ready():
        database.session.execute(text("SELECT 1"))
        return "ready"

    return application
