@echo off
rem setup.sh for Windows; written beside it and not tried on a Windows machine.
setlocal
cd /d "%~dp0"

set "PY=.venv\Scripts\python.exe"
set "STAMP=.venv\setup.stamp"

if "%~1"=="" (
    call :set_up default || exit /b 1
    echo setup.bat: ready. Next: setup.bat run, setup.bat test, or .venv\Scripts\sqlmesh
    exit /b 0
)
if /i "%~1"=="run" if "%~2"=="" goto run
if /i "%~1"=="docs" if "%~2"=="" goto docs
if /i "%~1"=="dashboard" if "%~2"=="" goto dashboard
if /i "%~1"=="ui" if "%~2"=="" goto ui
if /i "%~1"=="test" goto test
if /i "%~1"=="help" goto help

:usage
call :help 1>&2
exit /b 2

:help
echo usage: setup.bat [run ^| docs ^| dashboard ^| ui ^| test [pytest arguments]]
echo(
echo   setup.bat        set up: .venv with the exact pins of requirements.txt
echo   setup.bat run    set up, apply the project to prod (seeds to gold), show what is where
echo   setup.bat docs   set up with requirements-dev.txt; the documentation site of prod, in site
echo   setup.bat dashboard, setup.bat ui
echo                    the same; the analysts' dashboard, and SQLMesh's UI, in the browser
echo   setup.bat test   set up with requirements-dev.txt; linter, format check, unit tests, pytest
exit /b 0

:run
call :set_up default || exit /b 1
call :step .venv\Scripts\sqlmesh plan prod --run --skip-tests --auto-apply --no-prompts || exit /b
call :step "%PY%" summary.py
exit /b

:docs
call :set_up dev || exit /b 1
call :step "%PY%" -m documentation build
exit /b

:dashboard
call :set_up dev || exit /b 1
call :step .venv\Scripts\marimo run dashboard\app.py
exit /b

:ui
call :set_up dev || exit /b 1
call :step .venv\Scripts\sqlmesh ui
exit /b

:test
rem %* keeps its first word after shift, so the pytest arguments are gathered one by one.
set "ARGS="
:gather
shift
if not "%~1"=="" (
    set ARGS=%ARGS% %1
    goto gather
)
call :set_up dev || exit /b 1
call :step .venv\Scripts\sqlmesh lint || exit /b
call :step .venv\Scripts\sqlmesh format --check || exit /b
call :step .venv\Scripts\sqlmesh test || exit /b
call :step "%PY%" -m pytest %ARGS%
exit /b

rem :step COMMAND...: runs it; its exit code is this one's.
:step
echo setup.bat: %*
%*
if not errorlevel 1 exit /b 0
set "CODE=%ERRORLEVEL%"
echo setup.bat: failed with exit code %CODE%: %* 1>&2
exit /b %CODE%

rem :set_up default or dev. A finished .venv holds copies of the pins and the folder it was made for;
rem they are written last and taken away first, so a .venv without them was interrupted.
:set_up
set "PINS=requirements.txt"
if "%~1"=="dev" set "PINS=requirements-dev.txt"
set "MADE_FOR="
if exist "%STAMP%" set /p MADE_FOR=<"%STAMP%"
if not "%MADE_FOR%"=="%CD%" goto make
"%PY%" -c "" 2>nul || goto make
fc /b "%PINS%" ".venv\installed-%PINS%" >nul 2>&1 && exit /b 0
goto install

:make
set "BASE="
for %%P in ("py -3" python python3) do if not defined BASE (
    %%~P -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>&1 && set "BASE=%%~P"
)
if not defined BASE (
    echo setup.bat: Python 3.10 or later is needed; found: 1>&2
    py -0 1>&2
    python --version 1>&2
    echo   Get it from python.org, or: winget install Python.Python.3.13 1>&2
    exit /b 1
)
if exist .venv rmdir /s /q .venv
%BASE% -m venv .venv || exit /b 1

:install
if exist "%STAMP%" del "%STAMP%"
echo setup.bat: installing %PINS% into .venv; the first time takes about a minute
"%PY%" -m pip install --quiet --disable-pip-version-check -r %PINS%
if errorlevel 1 (
    echo setup.bat: pip could not install %PINS%, its reason is above; then again: setup.bat 1>&2
    exit /b 1
)
copy /y requirements.txt .venv\installed-requirements.txt >nul
if "%~1"=="dev" copy /y requirements-dev.txt .venv\installed-requirements-dev.txt >nul
>"%STAMP%" echo %CD%
echo setup.bat: .venv is ready
exit /b 0
