"""Where settings and credentials come from: arguments, environment, files and roles."""

from tencentserverless._settings.settings import origin as origin
