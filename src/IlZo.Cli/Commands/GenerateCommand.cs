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
    private static readonly Option<string?> s_prompts = Flags.Text(
        "--prompts", "FILE|-",
        "A file of texts to continue, or standard input: rows with a column prompt (JSONL, CSV, Parquet), or a text on each line. "
            + "Several are continued at a time, each as it would be alone, and a JSON object is printed for each, in their order.");
    private static readonly SamplingFlags s_sampling = new(GenerationOptions.DefaultNewTokens);
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
            s_model, s_prompt, s_prompts, s_splitSpecialTokens, s_chat, s_chatTemplate,
        };
        s_sampling.All.ToList().ForEach(command.Add);
        new Option[] { s_echo, s_adapter, s_dtype, s_device, s_engine, s_precision, s_threads, s_json }.ToList().ForEach(command.Add);
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string? message = parsed.GetValue(s_chat);
        string? file = parsed.GetValue(s_prompts);
        string[] given = [.. new Option[] { s_chat, s_prompt, s_prompts }.Where(o => parsed.GetResult(o) is not null).Select(o => o.Name)];
        if (given.Length > 1)
        {
            throw new InvalidInputException($"{given[0]} and {given[1]} are both given; one of them was expected.");
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

        var options = s_sampling.Read(parsed);
        var prompts = file is null ? null : PromptInputs.Read(file, Console.OpenStandardInput);
        bool echo = parsed.GetValue(s_echo);
        using var interruption = Terminal.OnInterrupt();
        var engine = new EngineRequest(parsed.GetValue(s_engine)!, parsed.GetValue(s_precision)!);
        var source = ModelSource.Of(parsed.GetValue(s_model)!, parsed.GetValue(s_adapter));
        using var backend = Device.Open(parsed.GetValue(s_device), parsed.GetValue(s_threads), engine);
        using var model = ModelArgument.Load(source, Flags.ParseDType(parsed.GetValue(s_dtype)));
        backend.Load(model.Parameters);
        var tokenizer = ModelLoader.Tokenizer(model.Checkpoint);
        var generator = new TextGenerator(model, tokenizer, backend);
        var sampling = SamplingFlags.Of(options, model);
        if (prompts is not null)
        {
            ContinueAll(generator, model, prompts, split, options, echo, interruption.Token);
            return 0;
        }

        string prompt = message is null
            ? parsed.GetValue(s_prompt) ?? string.Empty
            : Conversation(source.Template(model, parsed.GetValue(s_chatTemplate)), model, message, interruption.Token);
        int[] promptIds = message is null ? generator.PromptIds(prompt, split) : tokenizer.Begin(tokenizer.EncodeMarkup(prompt));
        int maxNewTokens = options.NewTokens(model.Generation, promptIds.Length);
        bool json = parsed.GetValue(s_json);
        bool started = false;
        Action<string>? stream = json ? null : Stream;
        var result = generator.Generate(promptIds, maxNewTokens, sampling, stream, options.StopStrings, interruption.Token);
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

        SayLength(model, result, string.Empty);
        return 0;

        // The prompt is printed with the first text, when the model has accepted it.
        void Stream(string piece)
        {
            Terminal.Results.Write(started || !echo ? piece : prompt + piece);
            Terminal.Results.Flush();
            started = true;
        }
    }

    // Results come in the order of the prompts, each as soon as those before it are there.
    private static void ContinueAll(
        TextGenerator generator, LanguageModel model, IReadOnlyList<PromptInput> prompts, bool split, GenerationOptions options,
        bool echo, CancellationToken cancellation)
    {
        int[][] ids = [.. prompts.Select(p => generator.PromptIds(p.Text, split))];
        for (int i = 0; i < ids.Length; i++)
        {
            TextScorer.CheckIds(ids[i], model.Shape, prompts[i].Where);
        }

        var ended = new Continuation?[prompts.Count];
        int printed = 0;
        generator.GenerateAll(ids, options, Print, cancellation);

        void Print(int number, Continuation result)
        {
            ended[number] = result;
            for (; printed < ended.Length && ended[printed] is { } next; printed++)
            {
                PrintJson(echo ? prompts[printed].Text : null, next);
                Terminal.Results.Flush();
                SayLength(model, next, $"{prompts[printed].Where}: ");
            }
        }
    }

    private static void SayLength(LanguageModel model, Continuation result, string where)
    {
        if (result.Stop == StopReason.MaxPositions)
        {
            Terminal.Say($"{where}ended at the model's longest text, {model.Shape.LongestText} tokens.");
        }
        else if (result.PromptIds.Count + result.NewIds.Count > model.Shape.MaxPositions)
        {
            Terminal.Say($"{where}the text is longer than the {model.Shape.MaxPositions} tokens that the model was made for.");
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
            StopReason.StopString => "stop_string",
            _ => "max_positions",
        });
    });
}
