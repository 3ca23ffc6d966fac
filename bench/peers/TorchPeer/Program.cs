using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using TorchPeer;
using TorchSharp;
using static TorchSharp.torch;

// TorchPeer --batch 16 --seq 128 --threads 2 --steps 3 [--all-logits]   times steps of the OPT-125M shape, prints one JSON object
// TorchPeer --model FOLDER --ids 2,45,7 [--threads 2]                   the log-probabilities of a text, as ilzo score prints them
var options = new Dictionary<string, string>
{
    ["--batch"] = "16",
    ["--seq"] = "128",
    ["--threads"] = "2",
    ["--steps"] = "3",
    ["--all-logits"] = "",
    ["--model"] = "",
    ["--ids"] = "",
};
for (int i = 0; i < args.Length; i++)
{
    if (!options.ContainsKey(args[i]) || (args[i] != "--all-logits" && i + 1 == args.Length))
    {
        Console.Error.WriteLine($"'{args[i]}' is no option with a value; one of {string.Join(", ", options.Keys)} was expected.");
        return 2;
    }

    options[args[i]] = args[i] == "--all-logits" ? "yes" : args[++i];
}

int Number(string name) => int.Parse(options[name], CultureInfo.InvariantCulture);
set_num_threads(Number("--threads"));
using var inference = no_grad();
return options["--model"].Length > 0 ? Score(options["--model"], options["--ids"]) : Measure();

static int Score(string folder, string text)
{
    var shape = OptShape.Read(Path.Combine(folder, "config.json"));
    var decoder = new OptDecoder(shape, OptWeights.Read(folder, shape));
    long[] ids = [.. text.Split(',').Select(id => long.Parse(id, CultureInfo.InvariantCulture))];
    var all = decoder.LogProbabilities(decoder.Features(tensor(ids).unsqueeze(0)))[0];
    double[] scores = [.. Enumerable.Range(1, ids.Length - 1).Select(i => (double)all[i - 1, ids[i]].item<float>())];
    Console.WriteLine(JsonSerializer.Serialize(new { nll = -scores.Average(), token_logprobs = scores }));
    return 0;
}

int Measure()
{
    int batch = Number("--batch"), length = Number("--seq"), steps = Number("--steps");
    bool allLogits = options["--all-logits"].Length > 0;
    manual_seed(1);
    var shape = OptShape.Opt125M;
    var weights = OptWeights.Random(shape);
    var decoder = new OptDecoder(shape, weights);
    using var ids = randint(shape.Vocabulary, [batch, length]);
    using var targets = ids.narrow(1, 0, 1);
    double Loss()
    {
        using var scope = NewDisposeScope();
        var features = decoder.Features(ids);

        // As ilzo bench step, unless told to work out the logits of every position, as the published implementation does.
        var scores = allLogits
            ? decoder.LogProbabilities(features).select(1, length - 1)
            : decoder.LogProbabilities(features.select(1, length - 1));
        return -scores.gather(1, targets).mean().item<float>();
    }

    double first = Loss();
    var mezo = new MezoStep(weights.Values, Loss);
    mezo.Run(0);
    double[] times = new double[steps], forward = new double[steps], update = new double[steps];
    var before = Process.GetCurrentProcess().TotalProcessorTime;
    for (int step = 0; step < steps; step++)
    {
        mezo.Reset();
        long start = Stopwatch.GetTimestamp();
        mezo.Run(step + 1);
        times[step] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        (forward[step], update[step]) = (mezo.ForwardSeconds, mezo.UpdateSeconds);
    }

    double processor = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
    long peak = PeakBytes();
    Console.WriteLine(JsonSerializer.Serialize(new
    {
        libtorch = __version__,
        threads = get_num_threads(),
        step_seconds = Median(times),
        forward_seconds = Median(forward),
        update_seconds = Median(update),
        processor_seconds = processor / steps,
        peak_rss_bytes = peak,
        loss_at_start = first,
        largest_change_left = ChangeLeft(weights.Values, mezo),
    }));
    return 0;
}

static double Median(double[] numbers)
{
    Array.Sort(numbers);
    return (numbers[(numbers.Length - 1) / 2] + numbers[numbers.Length / 2]) / 2;
}

// How far a weight is from where it was after both perturbations are undone: rounding only.
static double ChangeLeft(IReadOnlyCollection<Tensor> weights, MezoStep mezo)
{
    var copies = weights.Select(w => w.clone()).ToList();
    mezo.Difference(0);
    return weights.Zip(copies, (w, c) => (double)(w - c).abs().max().item<float>()).Max();
}

static long PeakBytes()
{
    const string Field = "VmHWM:";
    string? line = File.Exists("/proc/self/status")
        ? File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal))
        : null;
    return line is null
        ? Process.GetCurrentProcess().PeakWorkingSet64
        : 1024 * long.Parse(line[Field.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
}
