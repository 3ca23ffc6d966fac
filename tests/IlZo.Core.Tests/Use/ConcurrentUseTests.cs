using System.Collections;
using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Backends;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tasks;
using IlZo.Tensors;
using IlZo.Tokenization;
using IlZo.Training;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Use;

/// <summary>Two users of one object at a time: the result of each is the right one, or it throws.</summary>
public sealed class ConcurrentUseTests : IDisposable
{
    private const string Prompt = "Once upon a time";
    private const int NewTokens = 6;
    private const int Rounds = 200;

    private readonly LanguageModel _model = ModelLoader.Load(TestData.Path("models", "stories260K"));
    private readonly CpuBackend _backend = new(1);
    private readonly ITokenizer _tokenizer;

    public ConcurrentUseTests() => _tokenizer = ModelLoader.Tokenizer(_model.Checkpoint);

    public void Dispose()
    {
        _backend.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void Two_threads_with_one_generator_get_the_right_text_or_an_error()
    {
        var generator = Generator(_backend);
        TextsAreRightOrRefused(_ => generator);
    }

    [Fact]
    public void Two_threads_with_a_generator_each_on_one_backend_get_the_right_text_or_an_error()
    {
        TextGenerator[] generators = [Generator(_backend), Generator(_backend)];
        TextsAreRightOrRefused(thread => generators[thread]);
    }

    [Fact]
    public void Threads_with_a_backend_each_generate_from_one_model_side_by_side()
    {
        string expected = Generate(Generator(_backend));
        RaceOf.Threads(3, _ =>
        {
            using var backend = new CpuBackend(2);
            var generator = Generator(backend);
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal(expected, Generate(generator));
            }
        });
    }

    [Fact]
    public void Threads_that_take_turns_with_one_generator_get_the_right_text()
    {
        var generator = Generator(_backend);
        string expected = Generate(generator);
        for (int i = 0; i < 3; i++)
        {
            Assert.Null(RaceOf.Elsewhere(() => Assert.Equal(expected, Generate(generator))));
        }
    }

    [Fact]
    public void A_generator_refuses_a_second_call_from_the_callback_of_the_first_and_from_another_thread()
    {
        var generator = Generator(_backend);
        string expected = Generate(generator);
        int refused = 0;
        string text = generator.Generate(Prompt, NewTokens, onText: _ =>
        {
            Assert.Throws<InvalidOperationException>(() => Generate(generator));
            Assert.IsType<InvalidOperationException>(RaceOf.Elsewhere(() => Generate(generator)));
            refused++;
        }).Text;
        Assert.Equal(expected, text);
        Assert.InRange(refused, 1, NewTokens);
    }

    [Fact]
    public void Another_generator_on_the_backend_may_work_between_the_tokens_of_a_text()
    {
        var generator = Generator(_backend);
        var inner = Generator(_backend);
        string expected = Generate(generator);
        Assert.Equal(expected, generator.Generate(Prompt, NewTokens, onText: _ => Assert.Equal(expected, Generate(inner))).Text);
    }

    [Fact]
    public void A_scorer_an_evaluator_and_an_answer_generator_refuse_a_call_out_of_what_they_enumerate()
    {
        int[] ids = _tokenizer.Encode(Prompt);
        var scorer = new TextScorer(_model, _backend);
        Assert.Throws<InvalidOperationException>(() => scorer.Score(new Reentrant<int>(ids, () => scorer.Score(ids))));
        Assert.Equal(ids.Length, scorer.Score(ids).Ids.Count);

        var evaluator = new LossEvaluator(_model, _backend, TaskObjective.LanguageModel);
        EncodedExample[] examples = [new([new EncodedCandidate(ids, 2)], 0, "test")];
        Assert.Throws<InvalidOperationException>(
            () => evaluator.Evaluate(new Reentrant<EncodedExample>(examples, () => evaluator.Evaluate(examples))));
        Assert.True(double.IsFinite(evaluator.Evaluate(examples).Loss));

        var answers = new AnswerGenerator(_model, _tokenizer, _backend, NewTokens);
        Assert.Throws<InvalidOperationException>(
            () => answers.Generate(new Reentrant<int[]>([ids], () => answers.Generate([ids], Probe.Unperturbed)), Probe.Unperturbed));
        Assert.NotNull(answers.Generate([ids], Probe.Unperturbed)[0]);
    }

    [Fact]
    public void A_pass_that_another_thread_has_replaced_ends_with_an_error_and_the_other_with_the_right_numbers()
    {
        var (batch, targets) = Batch();
        double[] expected = Pass(batch, targets);
        var pass = _backend.Begin(batch, [Probe.Unperturbed]);
        Assert.Null(RaceOf.Elsewhere(() => Assert.Equal(expected, Pass(batch, targets))));
        Assert.Throws<InvalidOperationException>(() => _model.Forward(pass));

        pass = _backend.Begin(batch, [Probe.Unperturbed]);
        var hidden = _model.Forward(pass);
        Assert.Null(RaceOf.Elsewhere(() => Assert.Equal(expected, Pass(batch, targets))));
        Assert.Throws<InvalidOperationException>(() => pass.LogProbabilities(hidden, _model.Head, targets));
        Assert.Equal(expected, Pass(batch, targets));
    }

    [Fact]
    public void An_operation_out_of_an_operation_is_refused()
    {
        var (batch, targets) = Batch();
        Assert.Throws<InvalidOperationException>(() => _backend.Parallel(1, _ => Pass(batch, targets)));
        Assert.Throws<InvalidOperationException>(() => _backend.Parallel(1, _ => _backend.Parallel(1, _ => { })));
        using var pool = new WorkerPool(2);
        Assert.Throws<InvalidOperationException>(() => pool.Run(4, (_, _) => pool.Run(1, (_, _) => { })));
    }

    [Fact]
    public void Watching_the_layers_of_a_pass_cannot_begin_another()
    {
        var (batch, targets) = Batch();
        double[] expected = Pass(batch, targets);
        var pass = _backend.Begin(batch, [Probe.Unperturbed]);
        var error = Assert.Throws<InvalidOperationException>(() => _model.Forward(pass, (_, _) => Pass(batch, targets)));
        Assert.Contains("another was begun", error.Message, StringComparison.Ordinal);
        Assert.Equal(expected, Pass(batch, targets));
    }

    [Fact]
    public void An_activation_of_another_pass_or_backend_is_refused()
    {
        var (batch, targets) = Batch();
        using var other = new CpuBackend(1);
        var foreign = _model.Forward(other.Begin(batch, [Probe.Unperturbed]));
        var pass = _backend.Begin(batch, [Probe.Unperturbed]);
        Assert.Throws<InvalidOperationException>(() => pass.LogProbabilities(foreign, _model.Head, targets));
        var old = _model.Forward(pass);
        pass = _backend.Begin(batch, [Probe.Unperturbed]);
        Assert.Throws<InvalidOperationException>(() => pass.LogProbabilities(old, _model.Head, targets));
        Assert.Throws<InvalidOperationException>(() => pass.Scale(old, 2));
    }

    [Fact]
    public void Weights_that_another_backend_changes_in_the_middle_of_a_pass_end_it_with_an_error()
    {
        var (batch, targets) = Batch();
        using var other = new CpuBackend(1);
        using var rule = new Sgd(0);
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        var pass = _backend.Begin(batch, [Probe.Unperturbed]);
        var hidden = _model.Forward(pass);
        other.Update(
            _model.Parameters.Trained, new GradientEstimate([(1, z)]), rule, 1e-3, new NoiseKey(1, NoiseStream.StochasticRounding, 1, 0));
        Assert.Throws<InvalidOperationException>(() => pass.LogProbabilities(hidden, _model.Head, targets));
        Assert.All(Pass(batch, targets), p => Assert.True(double.IsFinite(p)));
    }

    [Fact]
    public void Weights_are_not_changed_while_they_are_read()
    {
        using var other = new CpuBackend(1);
        using var rule = new Sgd(0);
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        string before = _model.Parameters.Sha256();
        int refused = 0;
        var reading = new Watched(() =>
        {
            Assert.Throws<InvalidOperationException>(() => other.Update(
                _model.Parameters.Trained, new GradientEstimate([(1, z)]), rule, 1, new NoiseKey(1, NoiseStream.StochasticRounding, 1, 0)));
            Assert.Throws<InvalidOperationException>(() => _model.Parameters.Train(_ => false));
            refused++;
        });
        _backend.RowSquares([_model.Parameters.All[0]], reading);
        Assert.NotEqual(0, refused);
        Assert.Equal(before, _model.Parameters.Sha256());
    }

    [Fact]
    public void A_cache_serves_one_pass_at_a_time()
    {
        var (batch, _) = Batch();
        using var cache = _backend.CreateCache(_model.Shape.Layers, _model.Shape.KeyFeatures, batch.Count);
        using var other = new CpuBackend(1);
        var first = _backend.Begin(batch, [Probe.Unperturbed], cache);
        var second = other.Begin(batch, [Probe.Unperturbed], cache);
        Assert.Throws<InvalidOperationException>(() => _model.Forward(first));
        _model.Forward(second);
    }

    [Fact]
    public void An_optimizer_refuses_a_step_out_of_its_oracle()
    {
        using var optimizer = OptimizerCatalog.Find("mezo").Create(new OptimizerSettings(_model.Parameters));
        Assert.Throws<InvalidOperationException>(
            () => optimizer.Decide(1, new Oracle(_backend, oracle => optimizer.Decide(2, oracle, 1e-3)), 1e-3));
        var record = optimizer.Decide(1, new Oracle(_backend, _ => { }), 1e-3);
        Assert.Throws<InvalidOperationException>(
            () => optimizer.Decide(2, new Oracle(_backend, _ => optimizer.Apply(record, _backend)), 1e-3));
    }

    private TextGenerator Generator(IBackend backend) => new(_model, _tokenizer, backend);

    private static string Generate(TextGenerator generator) => generator.Generate(Prompt, NewTokens).Text;

    private void TextsAreRightOrRefused(Func<int, TextGenerator> generators)
    {
        string expected = Generate(generators(0));
        int right = 0;
        for (int round = 0; round < Rounds; round++)
        {
            RaceOf.Threads(2, thread =>
            {
                try
                {
                    Assert.Equal(expected, Generate(generators(thread)));
                    Interlocked.Increment(ref right);
                }
                catch (InvalidOperationException)
                {
                    // Refused.
                }
            });
        }

        Assert.InRange(right, 1, 2 * Rounds);
        Assert.Equal(expected, Generate(generators(0)));
    }

    private (TokenBatch Batch, (int Output, int Id)[] Targets) Batch()
    {
        var builder = new TokenBatchBuilder();
        int segment = builder.AddText(_tokenizer.Encode(Prompt));
        builder.Read(segment, 1);
        return (builder.Build(), [(0, 7)]);
    }

    private double[] Pass(TokenBatch batch, IReadOnlyList<(int Output, int Id)> targets)
    {
        var pass = _backend.Begin(batch, [Probe.Unperturbed]);
        return pass.LogProbabilities(_model.Forward(pass), _model.Head, targets)[0];
    }

    // A list that calls something back when it is read.
    private sealed class Reentrant<T>(T[] items, Action callback) : IReadOnlyList<T>
    {
        public int Count => items.Length;

        public T this[int index]
        {
            get
            {
                callback();
                return items[index];
            }
        }

        public IEnumerator<T> GetEnumerator()
        {
            callback();
            return ((IEnumerable<T>)items).GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    // A direction of zeros that calls something back.
    private sealed class Watched(Action callback) : Direction
    {
        public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
        {
            callback();
            destination.Clear();
        }
    }

    private sealed class Oracle(IBackend backend, Action<ILossOracle> callback) : ILossOracle
    {
        public IWeightSums Sums => backend;

        public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0)
        {
            callback(this);
            return [.. ProbePoints.Each(probes).Select(p => p.Radius)];
        }

        public double[] LossesOfAll(IReadOnlyList<Probe> probes) => Losses(probes);
    }
}
