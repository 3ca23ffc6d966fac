namespace IlZo.Cli.Tests;

/// <summary>Processors with fewer instructions, as .NET's variables leave them: everything has the same bits.</summary>
public sealed class InstructionSetTests(InstructionSetTests.Reference reference) : IClassFixture<InstructionSetTests.Reference>
{
    private static readonly string[] s_files = ["trajectory.bin", "metrics.jsonl"];

    [Theory]
    [InlineData("DOTNET_EnableAVX512=0")]
    [InlineData("DOTNET_EnableAVX2=0")]
    [InlineData("DOTNET_EnableAVX=0")]
    [InlineData("DOTNET_EnableHWIntrinsic=0")]
    public void Training_replay_and_generation_have_the_same_bits(string variable)
    {
        using var temp = new TempFolder();
        Ilzo.RunWith(variable, Reference.Full(temp["full"])).Json.GetProperty("weights_sha256");
        Ilzo.RunWith(variable, Reference.Prefix(temp["prefix"])).Json.GetProperty("weights_sha256");
        Ilzo.RunWith(variable, reference.Scales(temp["scales"])).Json.GetProperty("weights_sha256");
        Ilzo.RunWith(variable, Reference.Forward(temp["forward"])).Json.GetProperty("weights_sha256");
        Ilzo.RunWith(variable, Reference.Inputs(temp["inputs"])).Json.GetProperty("weights_sha256");
        foreach (string file in s_files)
        {
            Assert.Equal(File.ReadAllBytes(reference.Folder["full", file]), File.ReadAllBytes(temp["full", file]));
            Assert.Equal(File.ReadAllBytes(reference.Folder["prefix", file]), File.ReadAllBytes(temp["prefix", file]));
            Assert.Equal(File.ReadAllBytes(reference.Folder["scales", file]), File.ReadAllBytes(temp["scales", file]));
            Assert.Equal(File.ReadAllBytes(reference.Folder["forward", file]), File.ReadAllBytes(temp["forward", file]));
            Assert.Equal(File.ReadAllBytes(reference.Folder["inputs", file]), File.ReadAllBytes(temp["inputs", file]));
        }

        Assert.Equal(
            File.ReadAllBytes(reference.Folder["full", "checkpoint/model.safetensors"]),
            File.ReadAllBytes(temp["full", "checkpoint/model.safetensors"]));
        Assert.Equal(
            File.ReadAllBytes(reference.Folder["prefix", "adapter/adapter_model.safetensors"]),
            File.ReadAllBytes(temp["prefix", "adapter/adapter_model.safetensors"]));
        var replayed = Ilzo.RunWith(variable, "replay", "--run", reference.Folder["full"], "--out", temp["replayed"], "--json").Json;
        Assert.Equal(reference.Sha, replayed.GetProperty("weights_sha256").GetString());
        Assert.Equal(reference.Text, Ilzo.RunWith(variable, Reference.Generate).Success);
    }

    /// <summary>The same with all that this processor has.</summary>
    public sealed class Reference : IDisposable
    {
        public Reference()
        {
            Sha = TinyRun.Sha(Ilzo.Run(Full(Folder["full"])).Json);
            TinyRun.Sha(Ilzo.Run(Prefix(Folder["prefix"])).Json);
            Assert.Equal(0, Ilzo.Run("quantize", "--model", TestData.Stories, "--to", "q4_0", "--out", Folder["q4"]).ExitCode);
            TinyRun.Sha(Ilzo.Run(Scales(Folder["scales"])).Json);
            TinyRun.Sha(Ilzo.Run(Forward(Folder["forward"])).Json);
            TinyRun.Sha(Ilzo.Run(Inputs(Folder["inputs"])).Json);
            Text = Ilzo.Run(Generate).Success;
        }

        public TempFolder Folder { get; } = new();

        public string Sha { get; }

        public string Text { get; }

        // Llama's functions: RMS norms, rotary positions, SiLU, grouped keys.
        public static string[] Full(string run) => [.. TinyRun.Command(4, "--run", run, "--json", "--eval-every", "2", "--dtype", "fp16")];

        // Its start is computed by a forward.
        public static string[] Prefix(string run) => [.. TinyRun.Command(2, "--run", run, "--json", "--adapter", "prefix")];

        public string[] Scales(string run) =>
            [.. TinyRun.Command(2, "--run", run, "--json", "--model", Folder["q4"], "--adapter", "scales", "--lr", "1e-6")];

        // Values and tangents.
        public static string[] Forward(string run) => [.. TinyRun.Command(2, "--run", run, "--json", "--optimizer", "forward-gradient")];

        // What layers are applied to, and the subspace that it spans.
        public static string[] Inputs(string run) =>
            [.. TinyRun.Command(2, "--run", run, "--json", "--optimizer", "agzo", "--opt", "rank=3,interval=1")];

        public static string[] Generate =>
        [
            "generate", "--model", TestData.Stories, "--prompt", "Once", "--max-new-tokens", "40", "--temperature", "0.8", "--seed", "1",
            "--json",
        ];

        public void Dispose() => Folder.Dispose();
    }
}
