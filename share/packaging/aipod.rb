class Aipod < Formula
  desc "Box for coding agents"
  homepage "https://example.org/aipod"
  url "https://example.org/aipod/aipod-0.1.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "ISC"

  depends_on "pkg-config" => :build
  depends_on "bearssl"
  depends_on "jsmn"
  depends_on "podman"
  uses_from_macos "curl"

  def install
    system "./configure", "--prefix=#{prefix}"
    system "make", "programs"
    system "make", "install"
    bash_completion.install "share/completion/aipod.bash" => "aipod"
    zsh_completion.install "share/completion/_aipod"
    fish_completion.install "share/completion/aipod.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/aipod --version")
  end
end
