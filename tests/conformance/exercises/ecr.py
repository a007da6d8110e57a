"""ECR, over images pushed through the registry."""

import hashlib
import json

from world import MANIFEST


def run(world):
    ecr = world.client("ecr")
    repositories(world, ecr)
    images(world, ecr)
    refusals(world, ecr)
    referrers(world, ecr)
    ecr.delete_repository(repositoryName="conformance/ecr", force=True)


def repositories(world, ecr):
    made = ecr.create_repository(repositoryName="conformance/ecr", imageTagMutability="IMMUTABLE")["repository"]
    world.expect(made["repositoryUri"] == f"{world.host}/conformance/ecr", "a repositoryUri one can push to")
    found = ecr.describe_repositories(repositoryNames=["conformance/ecr"])["repositories"]
    world.expect(found == [made], "the created repository described as created")
    ecr.put_image_tag_mutability(
        repositoryName="conformance/ecr", imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
    )
    ecr.describe_repositories(maxResults=1)
    world.refused("RepositoryAlreadyExistsException", ecr.create_repository, repositoryName="conformance/ecr")
    world.refused("RepositoryNotFoundException", ecr.describe_repositories, repositoryNames=["conformance/none"])
    world.refused("InvalidParameterException", ecr.create_repository, repositoryName="a..b")


def images(world, ecr):
    manifest = world.image("conformance/ecr", "first")
    digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
    name = {"repositoryName": "conformance/ecr"}
    put = ecr.put_image(**name, imageManifest=manifest, imageTag="v1", imageDigest=digest)["image"]
    world.expect(put["imageId"]["imageDigest"] == digest, "the digest of an image is the digest of its manifest")
    got = ecr.batch_get_image(**name, imageIds=[{"imageTag": "v1"}, {"imageTag": "v9"}], acceptedMediaTypes=[MANIFEST])
    world.expect(got["images"][0]["imageManifest"] == manifest, "the manifest byte for byte")
    world.expect(got["failures"][0]["failureCode"] == "ImageNotFound", "a missing image among the failures")
    status, _, pulled = world.registry("GET", f"/v2/conformance/ecr/manifests/{digest}")
    world.expect((status, pulled.decode()) == (200, manifest), "the same manifest from the registry")
    ecr.describe_images(**name, imageIds=[{"imageDigest": digest}])
    ecr.describe_images(**name, filter={"tagStatus": "UNTAGGED"})
    ecr.list_images(**name, filter={"tagStatus": "TAGGED"})
    layers = [layer["digest"] for layer in json.loads(manifest)["layers"]]
    found = ecr.batch_check_layer_availability(**name, layerDigests=[*layers, "sha256:" + "0" * 64, "x:1"])
    states = [layer["layerAvailability"] for layer in found["layers"]]
    world.expect(states == ["AVAILABLE", "UNAVAILABLE"], "the pushed layer and only it available")


def refusals(world, ecr):
    name = {"repositoryName": "conformance/ecr"}
    first = ecr.batch_get_image(**name, imageIds=[{"imageTag": "v1"}])["images"][0]["imageManifest"]
    second = world.image("conformance/ecr", "second")
    world.refused("ImageAlreadyExistsException", ecr.put_image, **name, imageManifest=first, imageTag="v1")
    world.refused("ImageTagAlreadyExistsException", ecr.put_image, **name, imageManifest=second, imageTag="v1")
    wrong = "sha256:" + "0" * 64
    world.refused(
        "ImageDigestDoesNotMatchException", ecr.put_image, **name, imageManifest=second, imageTag="v2",
        imageDigest=wrong,
    )
    layerless = json.loads(second)
    layerless["layers"][0]["digest"] = wrong
    world.refused("LayersNotFoundException", ecr.put_image, **name, imageManifest=json.dumps(layerless))
    index = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": MANIFEST, "digest": wrong, "size": 1}],
    }
    world.refused("ReferencedImagesNotFoundException", ecr.put_image, **name, imageManifest=json.dumps(index))
    world.refused("ImageNotFoundException", ecr.describe_images, **name, imageIds=[{"imageTag": "v9"}])
    world.refused("RepositoryNotEmptyException", ecr.delete_repository, **name)
    for tag in ("dev-1", "dev-1"):
        ecr.put_image(**name, imageManifest=second, imageTag=tag)
        second = world.image("conformance/ecr", "third")
    gone = ecr.batch_delete_image(**name, imageIds=[{"imageTag": "dev-1"}, {"imageTag": "v9"}])
    world.expect(len(gone["imageIds"]) == 1 and len(gone["failures"]) == 1, "one deleted, one failure")


def referrers(world, ecr):
    name = {"repositoryName": "conformance/ecr"}
    subject = ecr.describe_images(**name, imageIds=[{"imageTag": "v1"}])["imageDetails"][0]["imageDigest"]
    empty = {
        "mediaType": "application/vnd.oci.empty.v1+json", "digest": world.push_blob("conformance/ecr", b"{}"),
        "size": 2,
    }
    for kind in ("application/vnd.a", "application/vnd.b"):
        artifact = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind, "config": empty, "layers": [empty],
            "subject": {"mediaType": MANIFEST, "digest": subject, "size": 1}, "annotations": {"kind": kind},
        })
        ecr.put_image(**name, imageManifest=artifact)
    asked = {**name, "subjectId": {"imageDigest": subject}}
    one = ecr.list_image_referrers(**asked, filter={"artifactTypes": ["application/vnd.b"], "artifactStatus": "ANY"})
    world.expect([r["annotations"] for r in one["referrers"]] == [{"kind": "application/vnd.b"}], "the filtered referrer")
    page = ecr.list_image_referrers(**asked, maxResults=1)
    rest = ecr.list_image_referrers(**asked, maxResults=1, nextToken=page["nextToken"])
    world.expect("nextToken" not in rest, "two pages of one")
    ecr.describe_images(**name)
