using System.CommandLine;
using System.Text.Json;
using IlZo.Backends;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Tokenization;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo score</c>.</summary>
internal static class ScoreCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string?> s_text = Flags.Text("--text", Flags.AnyText, "The text to score.");
    private static readonly Option<string?> s_input = Flags.Text(
        "--input", "FILE", "A file with {\"ids\": [...]} or {\"text\": \"...\"} on each line, or rows in another format (docs/data.md).");
    private static readonly Option<string?> s_columns = Flags.Text(
        "--columns", "NAME=COLUMN,…", "Map columns of --input to text or ids, as in text=review.");
    private static readonly Option<bool> s_splitSpecialTokens =
        new("--split-special-tokens") { Description = Flags.AboutSplitSpecialTokens };
    private static readonly Option<string?> s_logits = Flags.Text(
        "--logits", "OUT.safetensors", "Also save the logits, fp32 [tokens, vocabulary], as logits.0, logits.1, ...");
    private static readonly Option<string?> s_adapter = Flags.Adapter();
    private static readonly Option<string> s_dtype = Flags.DType();
    private static readonly Option<string> s_engine = Flags.Engine();
    private static readonly Option<string> s_precision = Flags.Precision();
    private static readonly Option<int?> s_threads = Flags.Threads();
    private static readonly Option<string?> s_device = Flags.Device();
    private static readonly Option<bool> s_json = Flags.Json("Print one JSON object per input, which is the default anyway.");

    public static Command Create()
    {
        var command = new Command(
            "score",
            "Print the probability of texts under a model: one JSON object per input with ids, token_logprobs, nll (mean, in nats) "
            + "and top (5 next tokens); or, for a masked language model, ids and masks (each with its position and its top 5 tokens).")
        {
            s_model, s_text, s_input, s_columns, s_splitSpecialTokens, s_logits, s_adapter, s_dtype, s_device, s_engine, s_precision,
            s_threads, s_json,
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

        string? columns = parsed.GetValue(s_columns);
        if (columns is not null && file is null)
        {
            throw new InvalidInputException("--columns is given without --input, whose rows have columns; the two together were expected.");
        }

        string? logitsPath = parsed.GetValue(s_logits);
        if (logitsPath is not null)
        {
            OutputFile.Check("--logits", logitsPath);
        }

        using var interruption = Terminal.OnInterrupt();
        var engine = new EngineRequest(parsed.GetValue(s_engine)!, parsed.GetValue(s_precision)!);
        using var backend = Device.Open(parsed.GetValue(s_device), parsed.GetValue(s_threads), engine);
        using var model = ModelArgument.Load(
            ModelSource.Of(parsed.GetValue(s_model)!, parsed.GetValue(s_adapter)), Flags.ParseDType(parsed.GetValue(s_dtype)));
        backend.Load(model.Parameters);
        var tokenizer = new Lazy<ITokenizer>(() => ModelLoader.Tokenizer(model.Checkpoint));

        // All inputs are checked before the first is computed, so that a bad line leaves no half of an output.
        bool split = parsed.GetValue(s_splitSpecialTokens);
        var read = file is null
            ? new ScoreInputs([new ScoreInput("--text", ScoreInputs.Encode(text!, tokenizer.Value, split))], [])
            : ScoreInputs.Read(file, tokenizer, columns, split);
        var inputs = read.Inputs;
        int? mask = model.Kind != ModelKind.Masked ? null : tokenizer.Value.MaskId
            ?? throw new InvalidInputException($"The tokenizer of '{model.Checkpoint.DisplayName}' names no mask_token, at which a masked "
                + "language model is scored; one was expected.");
        foreach (var input in inputs)
        {
            TextScorer.CheckIds(input.Ids, model.Shape, input.Where);
            if (mask is { } id)
            {
                TextScorer.CheckMasks(input.Ids, id, input.Where);
            }
        }

        foreach (string note in read.Notes)
        {
            Terminal.Say(note);
        }

        bool named = TokenizerLoader.Exists(name => model.Checkpoint.ReadFile(name) is { } content ? new MemoryStream(content) : null);
        var scorer = new TextScorer(model, backend);
        using var logits = logitsPath is null ? null : new LogitsFile(logitsPath, model.Shape.Vocabulary);
        foreach (var input in inputs)
        {
            interruption.Token.ThrowIfCancellationRequested();
            var room = logits?.Add(input.Ids.Length);
            if (mask is { } id)
            {
                Print(scorer.ScoreMasks(input.Ids, id, input.Where, room), tokenizer.Value);
            }
            else
            {
                Print(scorer.Score(input.Ids, input.Where, room), named ? tokenizer.Value : null);
            }
        }

        logits?.Write();
        return 0;
    }

    private static void Print(TextScore score, ITokenizer? tokenizer) => Terminal.PrintJson(writer =>
    {
        Json.WriteIds(writer, "ids", score.Ids);
        writer.WriteStartArray("token_logprobs");
        foreach (double? value in score.TokenLogProbabilities)
        {
            Json.WriteNumber(writer, value);
        }

        writer.WriteEndArray();
        Json.WriteNumber(writer, "nll", score.MeanNll);
        WriteTop(writer, score.Top, id => tokenizer is null ? null : TokenText.After(tokenizer, score.Ids, id));
    });

    private static void Print(MaskedScore score, ITokenizer tokenizer) => Terminal.PrintJson(writer =>
    {
        Json.WriteIds(writer, "ids", score.Ids);
        writer.WriteStartArray("masks");
        foreach (var (position, top) in score.Masks)
        {
            writer.WriteStartObject();
            writer.WriteNumber("position", position);
            WriteTop(writer, top, id => id < tokenizer.VocabularySize ? tokenizer.Decode([id], skipSpecialTokens: false) : null);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private static void WriteTop(Utf8JsonWriter writer, IReadOnlyList<ScoredToken> top, Func<int, string?> text)
    {
        writer.WriteStartArray("top");
        foreach (var token in top)
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", token.Id);
            if (text(token.Id) is { } written)
            {
                writer.WriteString("token", written);
            }

            Json.WriteNumber(writer, "logprob", token.LogProbability);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
