using System.CommandLine;
using IlZo.Backends;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Tokenization;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo score</c>.</summary>
internal static class ScoreCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string?> s_text = Flags.Text("--text", Flags.AnyText, "The text to score.");
    private static readonly Option<string?> s_input = Flags.Text(
        "--input", "FILE.jsonl", "A file with {\"ids\": [...]} or {\"text\": \"...\"} on each line.");
    private static readonly Option<string?> s_logits = Flags.Text(
        "--logits", "OUT.safetensors", "Also store the logits, fp32 [tokens, vocabulary], as logits.0, logits.1, ...");
    private static readonly Option<string?> s_adapter = Flags.Adapter();
    private static readonly Option<string> s_dtype = Flags.DType();
    private static readonly Option<string> s_engine = Flags.Engine();
    private static readonly Option<string> s_precision = Flags.Precision();
    private static readonly Option<int?> s_threads = Flags.Threads();
    private static readonly Option<string?> s_device = Flags.Device();
    private static readonly Option<bool> s_json = Flags.Json("One JSON object an input, which is what is printed anyway.");

    public static Command Create()
    {
        var command = new Command(
            "score",
            "Print how probable texts are to a model: one JSON object an input with ids, token_logprobs, nll (mean, in nats) "
            + "and top (5 next tokens).")
        {
            s_model, s_text, s_input, s_logits, s_adapter, s_dtype, s_device, s_engine, s_precision, s_threads, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string? text = parsed.GetValue(s_text);
        string? file = parsed.GetValue(s_input);
        if ((text is null) == (file is null))
        {
            throw new InvalidInputException("One of --text and --input was expected.");
        }

        string? logitsPath = parsed.GetValue(s_logits);
        if (logitsPath is not null)
        {
            OutputFile.Check("--logits", logitsPath);
        }

        using var interruption = Terminal.OnInterrupt();
        var engine = new EngineRequest(parsed.GetValue(s_engine)!, parsed.GetValue(s_precision)!);
        using var backend = Device.Open(parsed.GetValue(s_device), parsed.GetValue(s_threads), engine);
        using var model = ModelArgument.Load(ModelArgument.Of(parsed.GetValue(s_model)!, parsed.GetValue(s_adapter)), parsed.GetValue(s_dtype));
        backend.Load(model.Parameters);
        var tokenizer = new Lazy<ITokenizer>(() => ModelLoader.Tokenizer(model.Checkpoint));

        // All inputs are checked before the first is computed, so that a bad line leaves no half of an output.
        var inputs = file is null
            ? [new ScoreInput("--text", tokenizer.Value.Encode(text!))]
            : ScoreInput.ReadAll(file, tokenizer);
        foreach (var input in inputs)
        {
            TextScorer.CheckIds(input.Ids, model.Shape, input.Where);
        }

        bool named = TokenizerLoader.Exists(name => model.Checkpoint.ReadFile(name) is { } content ? new MemoryStream(content) : null);
        var scorer = new TextScorer(model, backend);
        using var logits = logitsPath is null ? null : new LogitsFile(logitsPath, model.Shape.Vocabulary);
        foreach (var input in inputs)
        {
            interruption.Token.ThrowIfCancellationRequested();
            var score = scorer.Score(input.Ids, input.Where, logits?.Add(input.Ids.Length));
            Print(score, named ? tokenizer.Value : null);
        }

        logits?.Write();
        return 0;
    }

    private static void Print(TextScore score, ITokenizer? tokenizer) => Terminal.PrintJson(writer =>
    {
        writer.WriteStartArray("ids");
        foreach (int id in score.Ids)
        {
            writer.WriteNumberValue(id);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs");
        foreach (double? value in score.TokenLogProbabilities)
        {
            Json.WriteNumber(writer, value);
        }

        writer.WriteEndArray();
        Json.WriteNumber(writer, "nll", score.MeanNll);
        writer.WriteStartArray("top");
        foreach (var token in score.Top)
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", token.Id);
            if (tokenizer is not null && TokenText.After(tokenizer, score.Ids, token.Id) is { } text)
            {
                writer.WriteString("token", text);
            }

            Json.WriteNumber(writer, "logprob", token.LogProbability);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });
}
