using IlZo.Checkpoints;
using IlZo.Generation;
using IlZo.Inference;

namespace IlZo.Cli;

/// <summary>A conversation on the terminal or through pipes: a line is a message or a command.</summary>
/// <param name="session">The conversation.</param>
/// <param name="interrupts">Ends answers.</param>
/// <param name="isInteractive">Whether somebody types: then a prompt is shown, and what is refused can be said otherwise.</param>
internal sealed class ChatLoop(ChatSession session, AnswerInterrupts interrupts, bool isInteractive)
{
    private const char Slash = '/';

    private const string Help = """
        /reset        forget all messages
        /undo         take back the last message and its answer
        /system TEXT  tell the model TEXT before all messages, from the next one on; without TEXT, nothing
        /save FILE    write the conversation as a line of JSON, which 'ilzo train --data' takes; FILE must not exist yet
        /help         show this list
        /exit         end the conversation, as the end of the input does
        A message that begins with a slash is written with two. Ctrl+C ends an answer, and otherwise the program.

        """;

    // Files that this conversation has written, and so may write again.
    private readonly HashSet<string> _saved = [];

    /// <summary>Reads lines until there are no more, or one of them ends the conversation.</summary>
    /// <exception cref="InvalidInputException">A line is refused, and nobody is there to say it otherwise.</exception>
    public void Run(TextReader input)
    {
        if (isInteractive)
        {
            Terminal.Say("Type a message; /help lists the commands.");
        }

        while (Read(input) is { } line)
        {
            try
            {
                if (!Take(line))
                {
                    return;
                }
            }
            catch (Exception e) when (isInteractive && e is InvalidInputException or IOException or UnauthorizedAccessException)
            {
                Failure.Report(e);
            }
        }
    }

    private string? Read(TextReader input)
    {
        if (isInteractive)
        {
            Terminal.WriteMessage("> ");
        }

        return input.ReadLine();
    }

    // Whether the conversation goes on.
    private bool Take(string line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return true;
        }

        if (line[0] != Slash)
        {
            Answer(line);
            return true;
        }

        if (line.StartsWith("//", StringComparison.Ordinal))
        {
            Answer(line[1..]);
            return true;
        }

        string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        return Command(words[0], words.Length > 1 && words[1].Length > 0 ? words[1] : null);
    }

    private bool Command(string name, string? value)
    {
        switch (name)
        {
            case "/exit":
                return false;
            case "/help":
                Terminal.WriteMessage(Help);
                break;
            case "/reset":
                session.Reset();
                Terminal.Say("All messages are forgotten.");
                break;
            case "/undo":
                Terminal.Say(session.Undo() ? "The last message and its answer are taken back." : "There is no message to take back.");
                break;
            case "/system":
                session.SystemPrompt = value;
                Terminal.Say(value is null ? "The model is told nothing before the messages." : "The model is told this from here on.");
                break;
            case "/save":
                Save(value ?? throw new InvalidInputException("/save is given without a file; /save FILE was expected."));
                break;
            default:
                throw new InvalidInputException($"'{name}' is not a command; /reset, /undo, /system, /save, /help or /exit was expected.");
        }

        return true;
    }

    private void Answer(string message)
    {
        ChatAnswer? answer = null;
        interrupts.During(end => answer = session.Answer(message, Write, SayLeftOut, end));
        Terminal.Results.Write('\n');
        Terminal.Results.Flush();
        if (answer!.WasEnded)
        {
            Terminal.Say("The answer was ended.");
        }
        else if (answer.IsFull)
        {
            Terminal.Say($"The answer ended where the conversation reached the model's {session.Context} tokens.");
        }
        else if (answer.Continuation.Stop == StopReason.MaxNewTokens)
        {
            Terminal.Say($"The answer ended at --max-new-tokens {session.MaxNewTokens}.");
        }
    }

    private void SayLeftOut(int turns) => Terminal.Say(
        $"The conversation no longer fits the model's {session.Context} tokens: the model is not shown its oldest "
            + $"{(turns == 1 ? "message and answer" : $"{turns} messages and their answers")} from here on.");

    private static void Write(string piece)
    {
        Terminal.Results.Write(piece);
        Terminal.Results.Flush();
    }

    private void Save(string file)
    {
        string path = Path.GetFullPath(file);
        if (!_saved.Contains(path) && Path.Exists(path))
        {
            throw new InvalidInputException($"/save is '{file}', which exists; a new file was expected.");
        }

        OutputFile.Check("/save", path);
        string line = Json.Object(writer =>
        {
            writer.WriteStartArray("messages");
            foreach (var message in session.Messages)
            {
                writer.WriteStartObject();
                writer.WriteString("role", message.Role);
                writer.WriteString("content", message.Content);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        AtomicFile.WriteAllText(path, line + "\n");
        _saved.Add(path);
        Terminal.Say($"The conversation is in {file}.");
    }
}
