# -*- encoding: utf-8 -*-
# stub: circular-a 1.0.0 ruby lib

Gem::Specification.new do |s|
  s.name = "circular-a".freeze
  s.version = "1.0.0"

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.require_paths = ["lib".freeze]
  s.authors = ["Lockkeeper".freeze]
  s.date = "2026-11-21"
  s.homepage = "https://example.com/circular-a".freeze
  s.licenses = ["MIT".freeze]
  s.rubygems_version = "3.3.15".freeze
  s.summary = "a fixture".freeze

  s.installed_by_version = "3.3.15" if s.respond_to? :installed_by_version

  if s.respond_to? :specification_version then
    s.specification_version = 4
  end

  if s.respond_to? :add_runtime_dependency then
    s.add_runtime_dependency(%q<middle>.freeze, [">= 3"])
  else
    s.add_dependency(%q<middle>.freeze, [">= 3"])
  end
end
