# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "registry.terraform.io/example/alpha" {
  version     = "1.2.3"
  constraints = "~> 1.2"
  hashes = [
    "h1:Uj4UoXf/vjvIgpXuvmeOUzPDDGYbUGysHj5PAoK0MAk=",
    "h1:tlW89goRES8CoqHxGr5HBB+2u/hqw2BiF0uXtLUmtSA=",
  ]
}

provider "registry.terraform.io/example/beta" {
  version = "0.4.0"
  hashes = [
    "h1:EYMdPZiSAZF4VYVSPyXA2kCw+CBkS9GzTBsWitiVehM=",
    "h1:bpgAGWAO6zteqFp8VmZclHpO2gV3A+rGwvmyyqM1hHw=",
  ]
}
