using System.CommandLine;
using IlZo.Backends;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Tokenization.ChatTemplates;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo generate</c>.</summary>
internal static class GenerateCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string?> s_prompt = Flags.Text(
        "--prompt", Flags.AnyText, "The text to continue (default: none; generation starts from the model's BOS token).");
    private static readonly Option<bool> s_splitSpecialTokens =
        new("--split-special-tokens") { Description = Flags.AboutSplitSpecialTokens };
    private static readonly Option<string?> s_chat = Flags.Text(
        "--chat", Flags.AnyText, "A message to answer, formatted as a conversation by the model's chat template.");
    private static readonly Option<string?> s_chatTemplate = Flags.Text(
        "--chat-template", "FILE",
        "Chat template for --chat (default: the one used to train the model or its adapter, or the model's own).");
    private static readonly Option<int?> s_maxNewTokens = Flags.Number<int>(
        "--max-new-tokens", "N",
        $"Maximum number of tokens to generate (default: from generation_config.json, otherwise {GenerationOptions.DefaultNewTokens}).");
    private static readonly Option<double?> s_temperature = Flags.Number<double>(
        "--temperature", "X", "Divisor of the logits; 0 always takes the most probable token (default: from the model's "
            + "generation_config.json, otherwise 0).");
    private static readonly Option<double?> s_topP = Flags.Number<double>(
        "--top-p", "X", "Sample from the smallest set of most probable tokens with this total probability (default: 1, all).");
    private static readonly Option<int?> s_topK = Flags.Number<int>(
        "--top-k", "N", "Sample from this many of the most probable tokens; 0 (default) for all.");
    private static readonly Option<double?> s_repetitionPenalty = Flags.Number<double>(
        "--repetition-penalty", "X",
        "Divisor for the logits of tokens that already occur in the text (default: from generation_config.json, otherwise 1).");
    private static readonly Option<ulong?> s_seed = Flags.Number<ulong>("--seed", "N", "Seed for sampling (default: 0).");
    private static readonly Option<bool> s_echo = new("--echo") { Description = "Print the prompt as well." };
    private static readonly Option<string?> s_adapter = Flags.Adapter();
    private static readonly Option<string> s_dtype = Flags.DType();
    private static readonly Option<string> s_engine = Flags.Engine();
    private static readonly Option<string> s_precision = Flags.Precision();
    private static readonly Option<int?> s_threads = Flags.Threads();
    private static readonly Option<string?> s_device = Flags.Device();
    private static readonly Option<bool> s_json = Flags.Json(
        "Print one JSON object: text, prompt_ids, ids, stop, and with --echo the prompt.");

    public static Command Create()
    {
        var command = new Command("generate", "Continue a text. Only the continuation is written to standard output.")
        {
            s_model, s_prompt, s_splitSpecialTokens, s_chat, s_chatTemplate, s_maxNewTokens, s_temperature, s_topP, s_topK,
            s_repetitionPenalty, s_seed, s_echo, s_adapter, s_dtype, s_device,
            s_engine, s_precision, s_threads,
            s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string? message = parsed.GetValue(s_chat);
        if (message is not null && parsed.GetValue(s_prompt) is not null)
        {
            throw new InvalidInputException("--chat and --prompt are both given; one of them was expected.");
        }

        if (message is null && parsed.GetValue(s_chatTemplate) is not null)
        {
            throw new InvalidInputException("--chat-template is given without --chat; the two together were expected.");
        }

        bool split = parsed.GetValue(s_splitSpecialTokens);
        if (message is not null && split)
        {
            throw new InvalidInputException(
                "--split-special-tokens is given with --chat, whose template writes special tokens; --prompt was expected.");
        }

        var options = new GenerationOptions
        {
            MaxNewTokens = parsed.GetValue(s_maxNewTokens),
            Temperature = parsed.GetValue(s_temperature),
            TopP = parsed.GetValue(s_topP),
            TopK = parsed.GetValue(s_topK),
            RepetitionPenalty = parsed.GetValue(s_repetitionPenalty),
            Seed = parsed.GetValue(s_seed) ?? 0,
        };
        options.Sampling(null);
        bool json = parsed.GetValue(s_json);
        bool echo = parsed.GetValue(s_echo);
        using var interruption = Terminal.OnInterrupt();
        var engine = new EngineRequest(parsed.GetValue(s_engine)!, parsed.GetValue(s_precision)!);
        var source = ModelSource.Of(parsed.GetValue(s_model)!, parsed.GetValue(s_adapter));
        using var backend = Device.Open(parsed.GetValue(s_device), parsed.GetValue(s_threads), engine);
        using var model = ModelArgument.Load(source, Flags.ParseDType(parsed.GetValue(s_dtype)));
        backend.Load(model.Parameters);
        var tokenizer = ModelLoader.Tokenizer(model.Checkpoint);
        var generator = new TextGenerator(model, tokenizer, backend);
        string prompt = message is null
            ? parsed.GetValue(s_prompt) ?? string.Empty
            : Conversation(source.Template(model, parsed.GetValue(s_chatTemplate)), model, message, interruption.Token);
        var sampling = options.Sampling(model.Generation);
        if (sampling.Temperature == 0 && (options.TopP is not null || options.TopK is not null))
        {
            string given = options.TopP is null ? "--top-k" : "--top-p";
            throw new InvalidInputException(
                $"{given} is given and nothing is chosen at random at temperature 0; a --temperature above 0 was expected.");
        }

        int[] promptIds = message is null ? generator.PromptIds(prompt, split) : tokenizer.Begin(tokenizer.EncodeMarkup(prompt));
        int maxNewTokens = options.NewTokens(model.Generation, promptIds.Length);
        bool started = false;
        Action<string>? stream = json ? null : Stream;
        var result = generator.Generate(promptIds, maxNewTokens, sampling, stream, interruption.Token);
        if (json)
        {
            PrintJson(echo ? prompt : null, result);
        }
        else
        {
            Stream(string.Empty);
            if (!Console.IsOutputRedirected)
            {
                Terminal.Results.WriteLine();
            }
        }

        if (result.Stop == StopReason.MaxPositions)
        {
            Terminal.Say($"ended at the model's longest text, {model.Shape.LongestText} tokens.");
        }
        else if (result.PromptIds.Count + result.NewIds.Count > model.Shape.MaxPositions)
        {
            Terminal.Say($"the text is longer than the {model.Shape.MaxPositions} tokens that the model was made for.");
        }

        return 0;

        // The prompt is printed with the first text, when the model has accepted it.
        void Stream(string piece)
        {
            Terminal.Results.Write(started || !echo ? piece : prompt + piece);
            Terminal.Results.Flush();
            started = true;
        }
    }

    private static string Conversation(
        ChatTemplate? template, LanguageModel model, string message, CancellationToken cancellation) => template is null
        ? throw new InvalidInputException(
            $"'{model.Checkpoint.DisplayName}' has no chat template, which --chat needs: "
            + "chat_template.jinja, chat_template in tokenizer_config.json or --chat-template was expected.")
        : template.Render([new ChatMessage("user", message)], addGenerationPrompt: true, DateTime.Now, cancellation).Text;

    private static void PrintJson(string? prompt, Continuation result) => Terminal.PrintJson(writer =>
    {
        if (prompt is not null)
        {
            writer.WriteString("prompt", prompt);
        }

        writer.WriteString("text", result.Text);
        Json.WriteIds(writer, "prompt_ids", result.PromptIds);
        Json.WriteIds(writer, "ids", result.NewIds);
        writer.WriteString("stop", result.Stop switch
        {
            StopReason.EndOfText => "end_of_text",
            StopReason.MaxNewTokens => "max_new_tokens",
            _ => "max_positions",
        });
    });
}
