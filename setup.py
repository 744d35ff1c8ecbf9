"Package metadata, all of it read from settings.ini."
import re
from configparser import ConfigParser
from pathlib import Path, PurePosixPath

from setuptools import find_packages, setup

root = Path(__file__).parent
parser = ConfigParser(delimiters=['='])
parser.read(root/'settings.ini', encoding='utf-8')
settings = parser['DEFAULT']

extras = {key.removesuffix('_requirements'): settings[key].split() for key in settings if key.endswith('_requirements')}
extras['all'] = sorted({requirement for name in settings['all'].split() for requirement in extras[name]})


def long_description() -> str:
    "README.md with its relative links made absolute, as the package index wants them."
    git, branch = settings['git_url'], settings['branch']
    def absolute(found):
        before, target, after = found.groups()
        if re.match(r'[a-z]+:|#', target): return found[0]
        kind = 'raw' if PurePosixPath(target).suffix in ('.png', '.jpg', '.svg', '.gif') else 'blob'
        return f'{before}{git}/{kind}/{branch}/{target}{after}'
    readme = root/'README.md'
    text = readme.read_text(encoding='utf-8') if readme.exists() else settings['description']
    return re.sub(r'(\]\(|src="|href=")([^)"\s]+)([)"])', absolute, text)


setup(
    name=settings['lib_name'],
    version=settings['version'],
    description=settings['description'],
    long_description=long_description(),
    long_description_content_type='text/markdown',
    keywords=settings['keywords'],
    author=settings['author'],
    author_email=settings['author_email'],
    license='Apache-2.0',
    url=settings['git_url'],
    project_urls={'Documentation': settings['doc_host'] + settings['doc_baseurl'],
                  'Changelog': f"{settings['git_url']}/blob/{settings['branch']}/CHANGELOG.md"},
    classifiers=['Development Status :: 3 - Alpha', f"Intended Audience :: {settings['audience']}",
                 f"Natural Language :: {settings['language']}", 'Topic :: Scientific/Engineering :: Image Recognition',
                 *(f'Programming Language :: Python :: {v}' for v in settings['python_versions'].split())],
    packages=find_packages(include=[settings['lib_name'], settings['lib_name'] + '.*']),
    package_data={settings['lib_name']: settings['package_data'].split()},
    include_package_data=False,
    python_requires=f">={settings['min_python']}",
    install_requires=settings['requirements'].split(),
    extras_require=extras,
    entry_points={'console_scripts': settings['console_scripts'].split(),
                  'nbdev': [f"{settings['lib_name']}={settings['lib_name']}._modidx:d"]},
    zip_safe=False,
)
