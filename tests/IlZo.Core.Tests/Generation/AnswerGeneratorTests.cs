using IlZo.Backends.Cpu;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Generation;

public sealed class AnswerGeneratorTests : IDisposable
{
    private readonly LanguageModel _model = ModelLoader.Load(TestData.Path("models", "stories260K"));
    private readonly CpuBackend _backend = new(2);
    private readonly ITokenizer _tokenizer;

    public AnswerGeneratorTests() => _tokenizer = ModelLoader.Tokenizer(_model.Checkpoint);

    public void Dispose()
    {
        _backend.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void Answers_are_the_most_probable_texts()
    {
        string[] prompts = ["Once upon a time, there was a", "Once upon a time, there was a big", "Lily", "Once upon a time"];
        var generator = new TextGenerator(_model, _tokenizer, _backend);
        var answers = Generator(12).Generate(Encode(prompts), Probe.Unperturbed);
        Assert.Equal(prompts.Select(p => generator.Generate(p, 12).Text.Trim()), answers);
        Assert.All(answers, a => Assert.NotEqual("", a));
    }

    [Fact]
    public void An_answer_ends_with_its_line_and_has_no_white_space_at_its_ends()
    {
        // llama2.c's published text of this model.
        const string prompt = "Once upon a time, there was a little girl named Lily.";
        const string line =
            "She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.";
        Assert.Equal([line], Generator(200).Generate(Encode([prompt]), Probe.Unperturbed));
    }

    [Fact]
    public void What_prompts_begin_with_is_computed_once_and_changes_no_answer()
    {
        int[][] prompts = Encode([
            "Once upon a time, there was a big dog", "Once upon a time, there was a big red dog", "Once upon a time, there was a big red",
        ]);
        int common = prompts[0].AsSpan().CommonPrefixLength(prompts[1]);
        Assert.InRange(common, 8, prompts[0].Length - 2);
        string?[] apart = [.. prompts.Select(p => Generator(6).Generate([p], Probe.Unperturbed)[0])];
        var together = Generator(6);
        Assert.Equal(apart, together.Generate(prompts, Probe.Unperturbed));

        // Six tokens are generated in each text, and the last one of them does not go through the model. The third prompt lies within the
        // second but for its last two tokens, which are computed anew.
        Assert.Equal(prompts[0].Length + (prompts[1].Length - common) + 2 + (3 * 5), together.Tokens);
    }

    [Fact]
    public void Answers_end_where_the_models_positions_do()
    {
        using var learned = ModelLoader.Load(ModelLoader.BuiltIn);
        int[] prompt = [.. Enumerable.Repeat(403, learned.Shape.MaxPositions - 3)];
        var generator = new AnswerGenerator(learned, ModelLoader.Tokenizer(learned.Checkpoint), _backend, 50);
        generator.Generate([prompt], Probe.Unperturbed);
        Assert.InRange(generator.Tokens, prompt.Length, learned.Shape.MaxPositions - 1);
    }

    [Fact]
    public void Answers_at_a_probe_are_those_of_the_moved_weights_whatever_the_threads()
    {
        var direction = new GaussianDirection(new NoiseKey(7, NoiseStream.Direction, 1, 0));
        int[][] prompts = Encode(["Once upon a time", "One day, Tom"]);
        var plain = Generator(20).Generate(prompts, Probe.Unperturbed);
        var far = Generator(20).Generate(prompts, new Probe(direction, 0.1));
        Assert.Equal(plain, Generator(20).Generate(prompts, new Probe(direction, 1e-7)));
        Assert.NotEqual(plain, far);
        using var single = new CpuBackend(1);
        Assert.Equal(far, new AnswerGenerator(_model, _tokenizer, single, 20).Generate(prompts, new Probe(direction, 0.1)));
    }

    private AnswerGenerator Generator(int maxNewTokens) => new(_model, _tokenizer, _backend, maxNewTokens);

    private int[][] Encode(string[] prompts) => [.. prompts.Select(p => _tokenizer.Encode(p))];
}
